-- SPDX-License-Identifier: ISC
--
-- The load for wrk: one signed body.  With BENCH_RATE so many requests begin
-- a second, at times that do not depend on the answers (Poisson) as long as
-- a client is free.  BENCH_STATUS is 401 where that is the right answer; all
-- others have to be 2xx.
--
-- Prints BENCH, requests a second, the 99th percentile in milliseconds,
-- requests, and how many went wrong.

local ffi = require("ffi")
local rate = tonumber(os.getenv("BENCH_RATE") or "0")
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))

wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Signature"] = os.getenv("BENCH_SIGNATURE")
file:close()

ffi.cdef("typedef struct { long s, ns; } bench_time;" ..
    "int clock_gettime(int clock, bench_time *time);")

local time = ffi.new("bench_time")

local function now()
	ffi.C.clock_gettime(1, time)
	return tonumber(time.s) * 1000 + tonumber(time.ns) / 1e6
end

if rate > 0 then
	local turn

	function delay()
		local at = now()

		turn = (turn or at) - math.log(1 - math.random()) * 1000 / rate
		return math.max(0, turn - at)
	end
end

function done(summary, latency, requests)
	local wrong = summary.errors.status

	if os.getenv("BENCH_STATUS") == "401" then
		wrong = summary.requests - wrong
	end
	wrong = wrong + summary.errors.connect + summary.errors.read +
	    summary.errors.write + summary.errors.timeout
	io.write(string.format("BENCH %.1f %.3f %d %d\n",
	    summary.requests / (summary.duration / 1e6),
	    latency:percentile(99) / 1000, summary.requests, wrong))
end
