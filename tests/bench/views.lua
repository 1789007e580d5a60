-- SPDX-License-Identifier: ISC
--
-- The load for wrk that looks at pages: one view after the other of those
-- whose queries are in BENCH_VIEWS, a line each, without pause.
--
-- Prints VIEWS, pages a second, the 99th percentile in milliseconds, pages,
-- and how many went wrong.

local queries, count = {}, 0

for line in io.lines(os.getenv("BENCH_VIEWS")) do
	queries[#queries + 1] = line
end

function request()
	count = count + 1
	return wrk.format("GET", wrk.path .. "?" ..
	    queries[count % #queries + 1])
end

function done(summary, latency, requests)
	local errors = summary.errors

	io.write(string.format("VIEWS %.1f %.3f %d %d\n",
	    summary.requests / (summary.duration / 1e6),
	    latency:percentile(99) / 1000, summary.requests,
	    errors.status + errors.connect + errors.read + errors.write +
		errors.timeout))
end
