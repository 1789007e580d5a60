-- SPDX-License-Identifier: ISC
--
-- The load for wrk: one signed body.  With BENCH_RATE so many requests begin
-- a second, at times that do not depend on the answers (Poisson) as long as
-- a client is free.  BENCH_STATUS is 401 where that is the right answer; all
-- others have to be 2xx.
--
-- With BENCH_RUNS the bodies are of the same size, differ and are not signed:
-- of 200 pipelines each begins a run, and ends it the next time, in the order
-- in which the requests begin; `without' says nothing of runs.
--
-- With BENCH_COUNT so many requests are sent and no more, and the load ends with
-- the last answer and not with its time.
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
    "int clock_gettime(int clock, bench_time *time);" ..
    "int getpid(void); int kill(int process, int signal);")

local time = ffi.new("bench_time")

local function now()
	ffi.C.clock_gettime(1, time)
	return tonumber(time.s) * 1000 + tonumber(time.ns) / 1e6
end

local runs = os.getenv("BENCH_RUNS")

if runs then
	local pipelines, count = 200, 0
	local message = string.rep("0", 880)
	local names = { [0] = "pipeline_run_started", "pipeline_run_completed" }
	local format = '{"event":"%s","run_id":%d,"pipeline_id":%d,' ..
	    '"pipeline_name":"Orders of the shop","message":"%s"}'

	if runs == "without" then
		names = { [0] = "pipeline_got_reviewed", "pipeline_got_scheduled" }
		format = format:gsub("run_id", "row_id"):gsub("pipeline_id",
		    "position_ix"):gsub("pipeline_name", "position_text")
	end
	wrk.headers["X-Signature"] = nil

	function request()
		local turn = math.floor(count / pipelines)
		local at = count % pipelines

		count = count + 1
		return wrk.format(nil, nil, nil, string.format(format,
		    names[turn % 2],
		    100000 + pipelines * math.floor(turn / 2) + at, at, message))
	end
end

if rate > 0 then
	local turn

	function delay()
		local at = now()

		turn = (turn or at) - math.log(1 - math.random()) * 1000 / rate
		return math.max(0, turn - at)
	end
end

local count = tonumber(os.getenv("BENCH_COUNT") or "0")
local load_thread

function setup(thread)
	load_thread = thread
end

if count > 0 then
	local sent, answered = 0, 0

	function delay()
		began = began or now()
		sent = sent + 1
		return sent > count and 1e9 or 0
	end

	-- Its time is slept by another thread, which SIGINT wakes.
	function response()
		answered = answered + 1
		if answered == count then
			ended = now()
			wrk.thread:stop()
			ffi.C.kill(ffi.C.getpid(), 2)
		end
	end
end

function done(summary, latency, requests)
	local wrong = summary.errors.status
	local seconds = summary.duration / 1e6

	if count > 0 then
		seconds = (load_thread:get("ended") -
		    load_thread:get("began")) / 1000
	end

	if os.getenv("BENCH_STATUS") == "401" then
		wrong = summary.requests - wrong
	end
	wrong = wrong + summary.errors.connect + summary.errors.read +
	    summary.errors.write + summary.errors.timeout
	io.write(string.format("BENCH %.1f %.3f %d %d\n",
	    summary.requests / seconds,
	    latency:percentile(99) / 1000, summary.requests, wrong))
end
