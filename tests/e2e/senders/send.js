// SPDX-License-Identifier: ISC
//
// Sends one request as a sender does: signed by the sender's own library.
// Prints the status of the reply.
//
//	node send.js SENDER SECRET-FILE BODY-FILE URL

import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';

const seconds = () => Math.floor(Date.now() / 1000);

const senders = {
	async github({ secret, text }) {
		const { sign } = await import('@octokit/webhooks-methods');

		return {
			'X-GitHub-Delivery': randomUUID(),
			'X-GitHub-Event': 'ping',
			'X-Hub-Signature-256': await sign(secret, text),
		};
	},

	async 'standard-webhooks'({ secret, text }) {
		const { Webhook } = await import('standardwebhooks');
		const id = `msg_${randomUUID()}`;
		const now = new Date();

		return {
			'webhook-id': id,
			'webhook-timestamp': Math.floor(now / 1000),
			'webhook-signature':
			    new Webhook(secret).sign(id, now, text),
		};
	},

	async svix({ secret, text }) {
		const { Webhook } = await import('svix');
		const id = `msg_${randomUUID()}`;
		const now = new Date();

		return {
			'svix-id': id,
			'svix-timestamp': Math.floor(now / 1000),
			'svix-signature':
			    new Webhook(secret).sign(id, now, text),
		};
	},

	async stripe({ secret, text }) {
		const { default: Stripe } = await import('stripe');
		const header = { payload: text, secret };

		return {
			'Stripe-Signature':
			    Stripe.webhooks.generateTestHeaderString(header),
		};
	},

	// This library only verifies: what it takes is a sender's request.
	async slack({ secret, text }) {
		const { verifySlackRequest } = await import(
		    '@slack/bolt/dist/receivers/verify-request.js');
		const stamp = seconds();
		const mac = createHmac('sha256', secret)
		    .update(`v0:${stamp}:${text}`).digest('hex');
		const headers = {
			'x-slack-request-timestamp': stamp,
			'x-slack-signature': `v0=${mac}`,
		};

		verifySlackRequest({ signingSecret: secret, body: text, headers });
		return headers;
	},
};

const [sender, secretFile, bodyFile, url] = process.argv.slice(2);
const secret = readFileSync(secretFile, 'utf8').replace(/\n$/, '');
const body = readFileSync(bodyFile);
const headers = await senders[sender]({ secret, text: body.toString() });
const post = request(url, {
	method: 'POST',
	headers: {
		'Content-Type': 'application/json',
		'Content-Length': body.length,
		'User-Agent': `${sender}/1.0`,
		...headers,
	},
	timeout: 30000,
});

post.on('response', (reply) => {
	console.log(reply.statusCode);
	reply.resume();
});
post.on('timeout', () => post.destroy(new Error('no reply in time')));
post.end(body);
