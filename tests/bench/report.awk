# SPDX-License-Identifier: ISC
#
# The table of RESULTS.md, from rows.txt and the directory of what was kept.

BEGIN {
	FS = " *[|] *"
	print "| work | beside | pelihook | beside it | ratio | reach | " \
	    "reached |"
	print "|---|---|---|---|---|---|---|"
}

function sort(list, n,    i, j, value) {
	for (i = 2; i <= n; i++) {
		value = list[i]
		for (j = i - 1; j > 0 && list[j] > value; j--)
			list[j + 1] = list[j]
		list[j + 1] = value
	}
}

function text(value) {
	return value >= 100 ? sprintf("%.0f", value) : \
	    sprintf("%.3g", value)
}

# Leaves the median in the global of this name, and returns the cell.
function cell(key, unit,    list, n, line) {
	n = 0
	while ((getline line < (directory "/" key)) > 0)
		list[++n] = line + 0
	close(directory "/" key)
	median = 0
	if (n == 0)
		return "not measured"
	sort(list, n)
	median = n % 2 ? list[(n + 1) / 2] : \
	    (list[n / 2] + list[n / 2 + 1]) / 2
	return text(median) (unit == "/s" ? "" : " ") unit \
	    " (" text(list[1]) "-" text(list[n]) ")"
}

function goal() {
	return $7 == "-" ? "-" : ($7 == "least" ? "at least " : "at most ") \
	    $8
}

function verdict() {
	if ($7 == "-")
		return "-"
	return ($7 == "least" ? ratio >= $8 : ratio <= $8) ? "yes" : "**no**"
}

/^#/ || NF < 8 { next }

{
	ours = cell($3, $5)
	our_median = median
	theirs = cell($4, $5)
	if (our_median == 0 || median == 0) {
		printf "| %s | %s | %s | %s | - | %s | - |\n", $1, $2, ours,
		    theirs, goal()
		next
	}
	ratio = $6 == "time" ? median / our_median : our_median / median
	printf "| %s | %s | %s | %s | %.2f | %s | %s |\n", $1, $2, ours,
	    theirs, ratio, goal(), verdict()
}
