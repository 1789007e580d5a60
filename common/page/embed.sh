#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Writes page.css (standard input) as the C file that has it built in: without
# comments, empty lines and the blanks that lines begin with.  It is ASCII.

set -u
LC_ALL=C
export LC_ALL

awk '
{
	line = $0
	while (1) {
		if (comment) {
			end = index(line, "*/")
			if (!end)
				next
			line = substr(line, end + 2)
			comment = 0
		}
		begin = index(line, "/*")
		if (!begin)
			break
		rest = substr(line, begin + 2)
		end = index(rest, "*/")
		if (end) {
			line = substr(line, 1, begin - 1) substr(rest, end + 2)
		} else {
			line = substr(line, 1, begin - 1)
			comment = 1
			break
		}
	}
	sub(/^[ \t]+/, "", line)
	sub(/[ \t]+$/, "", line)
	if (line != "")
		print line
}' | od -An -v -tu1 | awk '
BEGIN {
	print "/* SPDX-License-Identifier: ISC */"
	print "#include \"page/page_css.h\"\n"
	print "const char page_css[] = {"
}
{
	gsub(/[ \t]+/, ", ")
	sub(/^, /, "\t")
	print $0 ","
}
END {
	print "};\nconst size_t page_css_len = sizeof(page_css);"
}'
