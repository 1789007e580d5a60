/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>

#include <unistd.h>

#include "memory_file.h"

#include "base/io.h"

static void
unmap(struct memory_file *file)
{
	if (file->map != NULL)
		munmap(file->map, file->size);
	file->map = NULL;
	file->size = 0;
}

static enum rc
resize(struct memory_file *file, size_t size)
{
	char *map;

	if (ftruncate(file->fd, (off_t)size) != 0)
		return RC_SYSTEM;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (map == MAP_FAILED) {
		/* There is nothing behind the end of a file that is mapped. */
		(void)!ftruncate(file->fd, (off_t)file->size);
		return RC_SYSTEM;
	}
	unmap(file);
	file->map = map;
	file->size = size;
	return RC_OK;
}

enum rc
memory_file_open(struct memory_file *file)
{
	*file = (struct memory_file){
		.fd = memfd_create("pelihook", MFD_CLOEXEC),
	};
	if (file->fd < 0)
		return RC_SYSTEM;
	if (resize(file, MEMORY_FILE_SIZE) == RC_OK)
		return RC_OK;
	memory_file_close(file);
	return RC_SYSTEM;
}

void
memory_file_close(struct memory_file *file)
{
	unmap(file);
	io_close(&file->fd);
}

void
memory_file_renew(struct memory_file *file)
{
	memory_file_close(file);
	(void)memory_file_open(file);
}

static enum rc
make_room(struct memory_file *file, size_t n)
{
	size_t size = MEMORY_FILE_SIZE;

	if (file->fd < 0 && memory_file_open(file) != RC_OK)
		return RC_SYSTEM;
	if (n <= file->size)
		return RC_OK;
	while (size < n)
		size *= 2;
	return resize(file, size);
}

static enum rc
move_to(struct memory_file *file, size_t at)
{
	if (lseek(file->fd, (off_t)at, SEEK_SET) < 0)
		return RC_SYSTEM;
	file->at = at;
	return RC_OK;
}

enum rc
memory_file_at_end(struct memory_file *file, size_t n)
{
	enum rc rc = make_room(file, n);

	return rc == RC_OK ? move_to(file, file->size - n) : rc;
}

enum rc
memory_file_anywhere(struct memory_file *file, size_t n)
{
	enum rc rc = make_room(file, n);

	if (rc == RC_OK && file->at + n > MEMORY_FILE_USED)
		rc = move_to(file, 0);
	return rc;
}

void
memory_file_trim(struct memory_file *file)
{
	/* Where that fails it stays as it is. */
	if (file->size > MEMORY_FILE_KEPT)
		(void)resize(file, MEMORY_FILE_SIZE);
	if (file->at > file->size)
		(void)move_to(file, 0);
}
