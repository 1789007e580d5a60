/* SPDX-License-Identifier: ISC */
#ifndef PELIHOOK_COMMAND_EXECUTE_H
#define PELIHOOK_COMMAND_EXECUTE_H

#include <stddef.h>

struct job;
struct command;
struct run_result;

/*
 * Runs the command of n jobs that one `on` line takes, with their stdin and
 * environment, and waits for it.  Of how only what is about stop, started,
 * context and host count; the rest is filled in here.  The result is what run()
 * says; RUN_UNSTARTED with an errno where it came to nothing before.
 */
void execute(const struct job *jobs, size_t n, const struct command *how,
    struct run_result *result);

#endif
