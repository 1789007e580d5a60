// SPDX-License-Identifier: ISC
//
// Behind the other servers: the log-in, and one action.

import assert from 'node:assert/strict';
import { suite } from './harness.js';
import { monthBehind } from './site.js';
import { encode } from './views.js';

const servers = [
	['lighttpd', 'behind lighttpd nobody is let in without a password',
		'behind lighttpd who logs in looks, or acts'],
	['apache', 'behind Apache nobody is let in without a password',
		'behind Apache who logs in looks, or acts'],
];

for (const [server, strangers, users] of servers) {
	const test = suite(() => monthBehind(server));

	test(strangers, async (t) => {
		const visit = await t.visit({ user: null });

		assert.match(await visit.open().catch((error) => error.message),
			/ERR_INVALID_AUTH_CREDENTIALS/);
	});

	test(users, async (t) => {
		const [{ id }] = t.site.json('list', '--state', 'dead');
		const looking = await t.visit();
		const acting = await t.visit({ user: 'anna' });

		assert.equal(await looking.open(encode({ view: 'event', id })), 200);
		await looking.says(`Event ${id}`, 'dead');
		assert.equal(await looking.page.$('form[method="post"]'), null);
		await acting.open(encode({ view: 'event', id }));
		assert.equal(await acting.press('Drop'), 200);
		await acting.says('Dropped 1 delivery', 'By anna');
		assert.deepEqual(t.site.states(id), ['dropped']);
	});
}
