// SPDX-License-Identifier: ISC
//
// What who operates does, by buttons and links, and what comes of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
import { suite } from './harness.js';
import { monthBehind, until } from './site.js';
import { encode } from './views.js';

const test = suite(() => monthBehind('nginx'));
let names = 0;

// Events of a name that no other test has, as many as that, once each is in
// that state.
async function events(site, count, state, fields = {}) {
	const name = `test.${++names}`;
	const ids = [];

	for (let i = 0; i < count; i++)
		ids.push(await add(site, name, state, fields));
	return { name, ids };
}

async function add(site, name, state, fields = {}) {
	const id = await site.send('shop', { event: name, ...fields,
		...state === 'dead' ? { refuse: true } : {},
		...state === 'running' ? { wait: true } : {} });

	await until(`that ${id} is ${state}`, () =>
		site.states(id).every((one) => one === state));
	return id;
}

async function ends(site, ids, state) {
	for (const id of ids)
		await until(`that ${id} is ${state}`, () =>
			site.states(id).every((one) => one === state));
}

async function actions(site) {
	return (await (await site.fetch('?view=actions&format=json')).json())
		.actions;
}

test('one event is retried, and that is told and kept', async (t) => {
	const { ids: [id] } = await events(t.site, 1, 'dead');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'event', id }));
	await visit.says('dead', 'exit 65', 'this order cannot be booked');
	assert.equal(await visit.press('Retry'), 200);
	await visit.says('Retried 1 delivery', 'By anna');
	await ends(t.site, [id], 'done');
	await visit.open(encode({ view: 'event', id }));
	await visit.says('exit 0', `booked ${id}`, 'exit 65');
	await visit.open('?view=actions');
	const [row] = await visit.rows();
	assert.match(row.join(' '), new RegExp(`anna Retried 1 delivery.*${id}`));
});

test('one event is dropped, and that is told and kept', async (t) => {
	const { ids: [id] } = await events(t.site, 1, 'dead');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'event', id }));
	await visit.press('Drop');
	await visit.says('Dropped 1 delivery', 'dropped');
	assert.deepEqual(t.site.states(id), ['dropped']);
	await visit.open('?view=actions');
	assert.match((await visit.rows())[0].join(' '),
		new RegExp(`anna Dropped 1 delivery.*${id}`));
});

test('a question with the count comes before an action on many', async (t) => {
	const { name, ids } = await events(t.site, 3, 'dead');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'events', event: name }));
	await visit.press(/^Drop all that match/);
	await visit.says('3 deliveries', '3 events', name);
	for (const id of ids)
		assert.deepEqual(t.site.states(id), ['dead']);
	await visit.press('Back to the list');
	assert.deepEqual((await visit.ids()).sort(), ids.sort());
	for (const id of ids)
		assert.deepEqual(t.site.states(id), ['dead']);
});

for (const [sentence, action, told, state] of [
	['retry of all that a filter matches leaves the rest alone',
		'Retry', 'Retried', 'done'],
	['drop of all that a filter matches leaves the rest alone',
		'Drop', 'Dropped', 'dropped']])
	test(sentence, async (t) => {
		const { name, ids } = await events(t.site, 3, 'dead');
		const { ids: others } = await events(t.site, 2, 'dead');
		const visit = await t.visit({ user: 'anna' });

		await visit.open('?view=events');
		await visit.fill('event', name);
		await visit.fill('state', 'dead');
		await visit.press('Show');
		await visit.press(new RegExp(`^${action} all that match`));
		await visit.press(`${action} 3 deliveries`);
		await visit.says(`${told} 3 deliveries`);
		await ends(t.site, ids, state);
		for (const id of others)
			assert.deepEqual(t.site.states(id), ['dead']);
	});

test('what cannot be changed is asked about and told', async (t) => {
	const { name } = await events(t.site, 2, 'dead');
	const done = await add(t.site, name, 'done');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'events', event: name }));
	await visit.press(/^Drop all that match/);
	await visit.says('Drop 2 of the 3 deliveries that match?',
		'1 done stays as it is');
	await visit.press('Drop 2 deliveries');
	await visit.says('Dropped 2 of 3 deliveries: 1 was done before.');
	assert.deepEqual(t.site.states(done), ['done']);
	await visit.press(/^Drop all that match/);
	await visit.says('Nothing to drop',
		'None of the 3 deliveries that match can be dropped.');
});

test('what arrives after the question was shown is not touched', async (t) => {
	const { name, ids } = await events(t.site, 2, 'dead');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'events', event: name, state: 'dead' }));
	await visit.press(/^Drop all that match/);
	await visit.says('2 deliveries');
	const late = await add(t.site, name, 'dead');
	await visit.press('Drop 2 deliveries');
	await visit.says('Dropped 2 deliveries');
	await ends(t.site, ids, 'dropped');
	assert.deepEqual(t.site.states(late), ['dead']);
	assert.deepEqual(await visit.ids(), [late]);
});

test('what ends after the question was shown is not touched', async (t) => {
	const { name, ids } = await events(t.site, 2, 'dead');
	const running = await add(t.site, name, 'running');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'confirm', action: 'retry', event: name }));
	writeFileSync(t.site.path('go'), '');
	await ends(t.site, [running], 'done');
	await visit.press(/^Retry 2 deliveries$/);
	await visit.says('Retried 2');
	await ends(t.site, ids, 'done');
	assert.equal(t.site.json('show', running)[0].deliveries[0].attempts.length,
		1);
});

test('who loses a race is told what was not done, and why', async (t) => {
	const { ids: [id] } = await events(t.site, 1, 'dead');
	const first = await t.visit({ user: 'anna' });
	const second = await t.visit({ user: 'marieke' });

	await first.open(encode({ view: 'event', id }));
	await second.open(encode({ view: 'event', id }));
	await first.press('Drop');
	await first.says('Dropped 1 delivery');
	assert.equal(await second.press('Drop'), 200);
	await second.says('Dropped nothing', '1 was dropped before');
	assert.deepEqual(t.site.states(id), ['dropped']);
});

test('two operators at once do each of all that match once', async (t) => {
	const { name, ids } = await events(t.site, 8, 'dead');
	const visits = [await t.visit({ user: 'anna' }),
		await t.visit({ user: 'marieke' })];

	for (const visit of visits) {
		await visit.open(encode({ view: 'confirm', action: 'drop',
			event: name, state: 'dead' }));
		await visit.says('8 deliveries');
	}
	await Promise.all(visits.map((visit) =>
		visit.press('Drop 8 deliveries')));
	for (const visit of visits)
		await visit.says(/Dropped (8|nothing|none|\d of)/);
	const made = (await actions(t.site)).filter(({ target }) =>
		target.includes(name));
	assert.deepEqual(made.map(({ who }) => who).sort(),
		['anna', 'marieke']);
	assert.equal(made.reduce((sum, { done }) => sum + done, 0), 8);
	await ends(t.site, ids, 'dropped');
});

test('after an action the back button does nothing once more', async (t) => {
	const { ids: [id] } = await events(t.site, 1, 'dead');
	const visit = await t.visit({ user: 'anna' });

	await visit.open(encode({ view: 'event', id }));
	await visit.press('Retry');
	await ends(t.site, [id], 'done');
	await visit.follow(() => visit.page.goBack());
	await visit.says(`Event ${id}`);
	assert.equal((await visit.text()).includes('Retried'), false);
	await visit.follow(() => visit.page.reload());
	await visit.says('done', `booked ${id}`);
	await visit.follow(() => visit.page.goForward());
	await visit.says('Retried 1 delivery');
	await visit.follow(() => visit.page.reload());
	await visit.says('Retried 1 delivery');
	assert.equal((await actions(t.site)).filter(({ target }) =>
		target.includes(id)).length, 1);
});

test('a pipeline is muted for as long as is said, and unmuted', async (t) => {
	const [{ hook, pipeline }] = t.site.json('pipelines')
		.filter((one) => one.state === 'stuck');
	const query = encode({ view: 'pipeline', hook, id: pipeline.id });
	const muted = () => t.site.json('pipelines').find((one) =>
		one.pipeline.id === pipeline.id).muted_until;
	const visit = await t.visit({ user: 'anna' });

	assert.equal(muted(), null);
	await visit.open(query);
	await visit.fill('length', '8h');
	await visit.press('Mute');
	await visit.says('Muted 1 pipeline until 20', 'Muted until');
	const minutes = (Date.parse(muted()) - Date.now()) / 60_000;
	assert.ok(minutes > 475 && minutes < 480.1, `for ${minutes} min`);
	await visit.press('Unmute');
	await visit.says('Unmuted 1 pipeline');
	assert.equal(muted(), null);
});

test('all of it works with JavaScript switched off', async (t) => {
	const { name, ids } = await events(t.site, 2, 'dead');
	const visit = await t.visit({ user: 'anna', scripts: false });

	await visit.open();
	await visit.press('Events', 'nav');
	await visit.fill('event', name);
	await visit.press('Show');
	assert.deepEqual((await visit.ids()).sort(), ids.sort());
	await visit.press(/^Retry all that match/);
	await visit.press('Retry 2 deliveries');
	await visit.says('Retried 2 deliveries');
	await ends(t.site, ids, 'done');
});

// Presses Tab until what has the focus says that; it has to be seen all along.
async function tabTo(visit, text) {
	for (let i = 0; i < 120; i++) {
		await visit.page.keyboard.press('Tab');
		const focus = await visit.page.evaluate(() => {
			const one = document.activeElement;
			const style = getComputedStyle(one);
			const box = one.getBoundingClientRect();

			return {
				text: one.name || one.textContent.trim()
					.replace(/\s+/g, ' '),
				seen: one === document.body || (box.width > 0 &&
					box.height > 0 && style.outlineStyle !== 'none' &&
					parseFloat(style.outlineWidth) >= 1),
				html: one.outerHTML.slice(0, 100),
			};
		});
		assert.ok(focus.seen, `the focus is not seen on ${focus.html}`);
		if (text instanceof RegExp ? text.test(focus.text) :
			focus.text === text)
			return;
	}
	assert.fail(`Tab does not lead to "${text}"`);
}

test('all of it works with a keyboard only, and the focus is seen',
	async (t) => {
		const { name, ids } = await events(t.site, 2, 'dead');
		const visit = await t.visit({ user: 'anna' });
		const { keyboard } = visit.page;

		await visit.open();
		await tabTo(visit, 'Skip to the content');
		await keyboard.press('Enter');
		await until('the focus in main', () => visit.page.evaluate(() =>
			document.activeElement.id === 'main' ||
				location.hash === '#main'));
		await visit.open();
		await tabTo(visit, 'Events');
		await visit.follow(() => keyboard.press('Enter'));
		await tabTo(visit, 'state');
		await keyboard.type('dead');
		await tabTo(visit, 'event');
		await keyboard.type(name);
		await visit.follow(() => keyboard.press('Enter'));
		assert.deepEqual((await visit.ids()).sort(), ids.sort());
		await tabTo(visit, /^Drop all that match/);
		await visit.follow(() => keyboard.press('Enter'));
		await tabTo(visit, 'Drop 2 deliveries');
		await visit.follow(() => keyboard.press('Space'));
		await visit.says('Dropped 2 deliveries');
		await ends(t.site, ids, 'dropped');
	});

test('it works by plain http under a name, where Origin has to be Host',
	async (t) => {
		const { ids: [id] } = await events(t.site, 1, 'dead');
		const visit = await t.visit({ user: 'anna',
			host: 'pelihook.test' });
		let fetched;

		visit.page.on('request', (request) => {
			if (request.method() === 'POST')
				fetched = request.headers();
		});
		await visit.open(encode({ view: 'event', id }));
		assert.equal(await visit.press('Drop'), 200);
		await visit.says('Dropped 1 delivery');
		assert.equal(fetched['sec-fetch-site'], undefined);
	});

// A page elsewhere, with a form that asks for what an operator could.
async function attacker(target, fields) {
	const server = createServer((request, response) => {
		response.setHeader('Content-Type', 'text/html');
		response.end(`<form method="post" action="${target}">${
			Object.entries(fields).map(([name, value]) =>
				`<input name="${name}" value="${value}">`).join('')
		}<button>Win</button></form>`);
	}).listen(0, '127.0.0.1');

	await once(server, 'listening');
	return server;
}

// The one by what the browser says of it (Sec-Fetch-Site), the other by Origin.
for (const [sentence, host, from] of [
	['a form of another port is refused', '127.0.0.1', '127.0.0.1'],
	['a form of another name is refused', 'pelihook.test', 'elsewhere.test']])
	test(sentence, async (t) => {
		const { ids: [id] } = await events(t.site, 1, 'dead');
		const visit = await t.visit({ user: 'anna', host, foreign: true });
		const server = await attacker(visit.base,
			{ view: 'event', id, action: 'drop' });

		try {
			// The browser knows the password by then.
			assert.equal(await visit.open(), 200);
			await visit.page.goto(`http://${from}:${server.address().port}/`);
			await visit.follow(() => visit.page.click('button'));
			assert.equal(visit.status, 403);
			assert.deepEqual(t.site.states(id), ['dead']);
		} finally {
			server.close();
			server.closeAllConnections();
		}
	});

test('who only looks cannot act, whatever he sends', async (t) => {
	const { ids: [id] } = await events(t.site, 1, 'dead');
	const answer = await t.site.fetch('', 'emil', {
		method: 'POST',
		body: new URLSearchParams({ view: 'event', id, action: 'drop' }),
		headers: { 'Sec-Fetch-Site': 'same-origin', Origin: t.site.origin },
	});

	assert.equal(answer.status, 403);
	assert.deepEqual(t.site.states(id), ['dead']);
});

test('a link changes nothing', async (t) => {
	const { ids: [id], name } = await events(t.site, 1, 'dead');
	const visit = await t.visit({ user: 'anna' });

	for (const parameters of [{ view: 'event', id, action: 'drop' },
		{ action: 'drop', id }, { view: 'confirm', action: 'drop', id },
		{ view: 'confirm', action: 'drop', event: name, seen: 1, shown: 1,
			counted: 1 }])
		await visit.open(encode(parameters));
	assert.deepEqual(t.site.states(id), ['dead']);
	assert.equal((await actions(t.site)).filter(({ target }) =>
		target.includes(id) || target.includes(name)).length, 0);
});
