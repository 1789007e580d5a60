// SPDX-License-Identifier: ISC
//
// A receiver of webhooks as one would write it with graphile-worker or with
// pg-boss: what is posted is verified, becomes a job in PostgreSQL and is then
// answered; a process of its own works the jobs off.
//
//	peers.js serve PEER PORT	until it is told to end
//	peers.js work PEER TASK PLACES	the same; prints how many jobs it ran
//	peers.js wait PEER SECONDS	returns once no job is left to be done
//
// PEER is graphile or boss.  TASK is `true', which starts /bin/true for each
// job and waits for it, or `function', which does nothing.  DATABASE_URL is the
// database, BENCH_KEY the key of the signatures.

import { spawn } from "node:child_process";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";
import pg from "pg";

const connectionString = process.env.DATABASE_URL;
const QUEUE = "webhook";
const CONNECTIONS = 10; // 20 and 40 were no faster
const AT_ONCE = 200; // jobs that are claimed together
const LOOK = 20; // milliseconds
const MAX_BODY = 1 << 20;

const logger = new Logger(() => (level, message) => {
	if (level === "error" || level === "warning")
		console.error(message);
});

// ---- What they do with a job ------------------------------------------------

async function runTrue() {
	const child = spawn("/bin/true", { stdio: "ignore" });
	const [code] = await once(child, "exit");

	if (code !== 0)
		throw new Error(`/bin/true: ${code}`);
}

const tasks = { true: runTrue, function: async () => {} };

const peers = {
	graphile: {
		undone: "SELECT EXISTS (SELECT FROM graphile_worker._private_jobs)",

		async producer() {
			const utils = await makeWorkerUtils({
				connectionString, logger, maxPoolSize: CONNECTIONS,
			});

			await utils.migrate();
			return {
				add: (payload) => utils.addJob(QUEUE, payload),
				stop: () => utils.release(),
			};
		},

		worker(task, places) {
			return run({
				connectionString,
				logger,
				noHandleSignals: true,
				taskList: { [QUEUE]: task },
				preset: {
					worker: {
						concurrentJobs: places,
						maxPoolSize: places + 2,
						localQueue: { size: AT_ONCE },
						completeJobBatchDelay: 0,
						failJobBatchDelay: 0,
					},
				},
			});
		},
	},

	boss: {
		undone: "SELECT EXISTS (SELECT FROM pgboss.job WHERE state < 'completed')",

		async producer() {
			const boss = new PgBoss({
				connectionString, max: CONNECTIONS,
				supervise: false, schedule: false,
			});

			boss.on("error", console.error);
			await boss.start();
			await boss.createQueue(QUEUE);
			return {
				add: (payload) => boss.send(QUEUE, payload),
				stop: () => boss.stop(),
			};
		},

		// Each place takes some jobs, and does them one after the other.
		async worker(task, places) {
			const boss = new PgBoss({ connectionString, max: places + 2 });

			boss.on("error", console.error);
			await boss.start();
			await boss.work(QUEUE, {
				localConcurrency: places,
				batchSize: Math.ceil(AT_ONCE / places),
				burstWhenBatchFull: true,
				pollingIntervalSeconds: 0.5,
			}, async (jobs) => {
				for (const job of jobs)
					await task(job.data);
			});
			return { stop: () => boss.stop() };
		},
	},
};

// ---- Taking in --------------------------------------------------------------

function isSigned(body, signature) {
	const good = createHmac("sha256", process.env.BENCH_KEY)
		.update(body).digest();
	const given = Buffer.from(signature ?? "", "hex");

	return given.length === good.length && timingSafeEqual(given, good);
}

async function bodyOf(request) {
	const pieces = [];
	let length = 0;

	for await (const piece of request) {
		length += piece.length;
		if (length > MAX_BODY)
			return null;
		pieces.push(piece);
	}
	return Buffer.concat(pieces);
}

async function statusOf(request, add) {
	const body = await bodyOf(request);
	let payload;

	if (request.method !== "POST")
		return 405;
	if (body === null)
		return 413;
	if (!isSigned(body, request.headers["x-signature"]))
		return 401;
	try {
		payload = JSON.parse(body);
	} catch {
		return 400;
	}
	await add(payload);
	return 202;
}

async function serve(peer, port) {
	const producer = await peer.producer();
	const server = createServer((request, response) => {
		statusOf(request, producer.add).catch((error) => {
			console.error(error);
			return 503;
		}).then((status) => {
			response.writeHead(status, { "Content-Type": "text/plain" });
			response.end(status === 202 ? "queued\n" : "refused\n");
		});
	});

	server.keepAliveTimeout = 60000;
	server.listen(port, "127.0.0.1");
	await once(process, "SIGTERM");
	server.close();
	server.closeAllConnections();
	await producer.stop();
}

// ---- Working off ------------------------------------------------------------

async function work(peer, task, places) {
	let ran = 0;
	const worker = await peer.worker(async (payload) => {
		await task(payload);
		ran++;
	}, places);

	console.log("ready");
	await once(process, "SIGTERM");
	await worker.stop();
	console.log(ran);
}

async function wait(peer, seconds) {
	const client = new pg.Client({ connectionString });
	const deadline = performance.now() + seconds * 1000;

	await client.connect();
	for (;;) {
		const { rows } = await client.query(peer.undone);

		if (!rows[0].exists)
			break;
		if (performance.now() > deadline) {
			process.exitCode = 1;
			break;
		}
		await pause(LOOK);
	}
	await client.end();
}

const [word, name, first, second] = process.argv.slice(2);

if (word === "serve")
	await serve(peers[name], Number(first));
else if (word === "work")
	await work(peers[name], tasks[first], Number(second));
else
	await wait(peers[name], Number(first));
