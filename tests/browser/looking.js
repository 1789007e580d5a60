// SPDX-License-Identifier: ISC
//
// What who looks finds, and how it is to be looked at.

import assert from 'node:assert/strict';
import axe from 'axe-core';
import { HtmlValidate } from 'html-validate';
import { suite } from './harness.js';
import { monthBehind } from './site.js';
import { encode, viewsOf } from './views.js';

const test = suite(() => monthBehind('nginx'));
function usersOf(view) {
	return view.user ? [view.user] : ['emil', 'anna'];
}

test('every view is shown, with its title, and never violates the policy',
	async (t) => {
		for (const user of ['emil', 'anna']) {
			const visit = await t.visit({ user });

			for (const { name, query, title, user: only } of viewsOf(t.site)) {
				if (only && only !== user)
					continue;
				assert.equal(await visit.open(query), 200, name);
				assert.match(await visit.text('h1'), title, name);
			}
		}
	});

// A region of a table or of a text is what scrolls: its element says what it
// is, and role and name make it one that a keyboard can scroll.
const validator = new HtmlValidate({
	root: true,
	extends: ['html-validate:standard', 'html-validate:a11y',
		'html-validate:document'],
	rules: { 'prefer-native-element': ['error', { exclude: ['region'] }] },
});

function describe({ id, nodes }) {
	return nodes.slice(0, 2).map(({ html, failureSummary }) =>
		`${id}: ${html.slice(0, 200)} ${failureSummary.replace(/\s+/g, ' ')}`);
}

test('axe-core finds nothing on any view, in light and in dark',
	async (t) => {
		const found = [];

		for (const user of ['emil', 'anna']) {
			const visit = await t.visit({ user, without: true });

			for (const view of viewsOf(t.site)) {
				if (usersOf(view).at(-1) !== user)
					continue;
				await visit.open(view.query);
				await visit.page.evaluate(axe.source);
				for (const dark of [false, true]) {
					await visit.setDark(dark);
					const { violations } = await visit.page.evaluate(() =>
						window.axe.run(document));
					found.push(...violations.flatMap(describe).map((one) =>
						`${view.name}${dark ? ', dark' : ''}: ${one}`));
				}
			}
		}
		assert.deepEqual(found, []);
	});

test('html-validate finds nothing in any view, nor in an error',
	async (t) => {
		const found = [];
		const pages = viewsOf(t.site).flatMap((view) =>
			usersOf(view).map((user) => ({ ...view, user })));

		pages.push({ name: 'an error', query: '?view=nothing', user: 'emil' },
			{ name: 'nothing found', query: '?view=event&id=0', user: 'emil' });
		for (const { name, query, user } of pages) {
			const text = await t.site.html(query, user);
			const report = await validator.validateString(text);

			for (const { messages } of report.results)
				for (const one of messages.slice(0, 3))
					found.push(`${name}: ${one.ruleId}: ${one.message}: ` +
						text.split('\n')[one.line - 1]
							.slice(one.column - 1, one.column + 80));
		}
		assert.deepEqual(found, []);
	});

test('no view scrolls sideways at 1280 and 375 pixels and at 200 % zoom',
	async (t) => {
		const sizes = [{ width: 1280 }, { width: 375, height: 812, scale: 2 },
			{ width: 640, height: 450, scale: 2 }, { width: 320, scale: 2 }];
		const found = [];

		for (const size of sizes) {
			const visit = await t.visit({ ...size, user: 'anna' });

			for (const { name, query } of viewsOf(t.site)) {
				await visit.open(query);
				const what = await visit.overflow();
				if (what !== '')
					found.push(`${name} at ${size.width}: ${what}`);
			}
		}
		assert.deepEqual(found, []);
	});

// What is out of sight in lists: regions that have to be scrolled sideways, and
// states that are not at the top of their row.
function unseen() {
	const wide = [...document.querySelectorAll('.region:has(.rows)')]
		.filter((one) => one.checkVisibility() &&
			one.scrollWidth > one.clientWidth);
	const low = [...document.querySelectorAll('.rows td[data-label="State"]')]
		.filter((one) => one.checkVisibility() &&
			(one.getBoundingClientRect().top -
				one.parentElement.getBoundingClientRect().top > 20 ||
			one.getBoundingClientRect().right > innerWidth));

	return [...wide, ...low].map((one) => one.outerHTML.slice(0, 80));
}

test('a telephone shows a row as a card, with its state on top', async (t) => {
	const visit = await t.visit({ user: 'anna', width: 375 });
	const found = [];

	for (const { name, query } of viewsOf(t.site)) {
		await visit.open(query);
		found.push(...(await visit.page.evaluate(unseen))
			.map((one) => `${name}: ${one}`));
	}
	assert.deepEqual(found, []);
	await visit.open('?view=pipelines');
	assert.equal(await visit.page.$eval('.rows td', (one) =>
		getComputedStyle(one, '::before').content), '"Pipeline"');
});

test('a view is light or dark as its reader has set', async (t) => {
	const visit = await t.visit();
	// From 0 to 255, of the background and of the text.
	const brightness = () => visit.page.evaluate(() => {
		const style = getComputedStyle(document.body);

		return [style.backgroundColor, style.color].map((colour) =>
			colour.match(/\d+(\.\d+)?/g).slice(0, 3)
				.reduce((sum, one) => sum + Number(one), 0) / 3);
	});

	await visit.open();
	const [paper, ink] = await brightness();
	await visit.setDark(true);
	const [night, light] = await brightness();
	assert.ok(paper > 200 && ink < 100, `light: ${paper}, ${ink}`);
	assert.ok(night < 60 && light > 180, `dark: ${night}, ${light}`);
});

// What only a screen can use: links to elsewhere, what is to be pressed, and
// what has to be scrolled.
function unprintable() {
	const shown = [...document.querySelectorAll(
		'nav, form, button, summary, .pager, .skip')]
		.filter((one) => one.offsetParent !== null);
	const scrolled = [...document.querySelectorAll('.region, .code')]
		.filter((one) => getComputedStyle(one).overflow !== 'visible');

	return [...shown, ...scrolled].map((one) => one.outerHTML.slice(0, 80));
}

// A4 with margins is 718 pixels wide; what is a quarter wider at most a browser
// makes smaller for it.
test('every view can be printed, without what only a screen can use',
	async (t) => {
		const visit = await t.visit({ user: 'anna', width: 718 });
		const found = [];

		for (const { name, query } of viewsOf(t.site)) {
			await visit.page.emulateMediaType('screen');
			await visit.open(query);
			await visit.page.emulateMediaType('print');
			found.push(...(await visit.page.evaluate(unprintable))
				.map((one) => `${name}: ${one}`));
			const width = await visit.page.evaluate(() =>
				document.documentElement.scrollWidth);
			if (width > 718 * 1.25)
				found.push(`${name} is ${width} pixels wide`);
		}
		assert.deepEqual(found, []);
	});

test('every filter shows what it says and nothing else', async (t) => {
	const visit = await t.visit();
	const all = t.site.json('list', '--limit', '5000');
	const newest = (rows) => [...new Set(rows.map(({ id }) => id))]
		.slice(0, 50);
	const [some] = all.filter((row) => row.hook === 'nightly');
	const filters = [
		[{ state: 'dead' }, (row) => row.state === 'dead'],
		[{ state: 'queued' }, (row) => row.state === 'queued'],
		[{ hook: 'nightly' }, (row) => row.hook === 'nightly'],
		[{ event: 'order.paid' }, (row) => row.event === 'order.paid'],
		[{ pipeline: some.pipeline },
			(row) => row.pipeline === some.pipeline],
		[{ since: '36h' }, (row) => Date.parse(row.received) >=
			Date.now() - 36 * 3600_000],
		[{ until: all[400].received }, (row) => row.received <
			all[400].received],
		[{ q: some.id.slice(0, 13) }, (row) =>
			row.id.startsWith(some.id.slice(0, 13))],
		[{ q: some.id.slice(-6) }, (row) =>
			row.id.endsWith(some.id.slice(-6))],
		[{ hook: 'warehouse', state: 'done', event: 'pipeline_run_error' },
			(row) => row.hook === 'warehouse' && row.state === 'done' &&
			row.event === 'pipeline_run_error'],
	];

	for (const [filter, matches] of filters) {
		await visit.open('?view=events');
		for (const [name, value] of Object.entries(filter))
			await visit.fill(name, value);
		await visit.press('Show');
		for (const [name, value] of Object.entries(filter))
			assert.equal(new URL(visit.page.url()).searchParams.get(name),
				value, 'every filter is in the URL');
		assert.deepEqual(await visit.ids(), newest(all.filter(matches)),
			JSON.stringify(filter));
	}
});

test('a list is paged to its end, each event once', async (t) => {
	const visit = await t.visit();
	const wanted = t.site.json('list', '--hook', 'shop', '--limit', '5000')
		.map(({ id }) => id);
	const found = [];

	await visit.open('?view=events&hook=shop');
	for (;;) {
		const page = await visit.ids();

		assert.ok(page.length > 0 && page.length <= 50);
		found.push(...page);
		if (!await visit.page.$('main a[rel="next"], .pager a:last-child'))
			break;
		const next = await visit.page.$eval('.pager a:last-child',
			(one) => new URL(one.href).searchParams.get('before'));
		if (next !== page.at(-1))
			break;
		await visit.follow(() => visit.page.click('.pager a:last-child'));
	}
	assert.deepEqual(found, wanted);
});

test('what a view shows is the same as JSON', async (t) => {
	const visit = await t.visit({ user: 'anna' });

	for (const { name, query, user } of viewsOf(t.site)) {
		await visit.open(query);
		const link = await visit.page.$eval('footer a[href*="format=json"]',
			(one) => one.href);
		const answer = await t.site.fetch(new URL(link).search,
			user ?? 'emil');
		assert.equal(answer.status, 200, name);
		assert.match(answer.headers.get('content-type'),
			/^application\/json/, name);
		assert.equal(typeof await answer.json(), 'object', name);
	}
});

test('a view is reloaded only where that is asked for', async (t) => {
	const visit = await t.visit();

	await visit.open('?view=events&state=dead');
	assert.equal(await visit.page.$('meta[http-equiv="refresh"]'), null);
	await visit.press(/^Refresh every/);
	assert.equal(await visit.page.$eval('meta[http-equiv="refresh"]',
		(one) => one.content), '30');
	assert.equal(new URL(visit.page.url()).searchParams.get('state'), 'dead');
	await visit.press(/^Stop refreshing/);
	assert.equal(await visit.page.$('meta[http-equiv="refresh"]'), null);
});

test('what a field of the filter is to hold is read in whole', async (t) => {
	const visit = await t.visit();

	await visit.open('?view=events&state=dead');
	assert.deepEqual(await visit.page.$$eval('.filters [placeholder]', (all) => {
		const context = document.createElement('canvas').getContext('2d');

		return all.filter((one) => {
			const style = getComputedStyle(one);

			context.font = style.font;
			return context.measureText(one.placeholder).width >
				one.clientWidth - parseFloat(style.paddingLeft) -
				parseFloat(style.paddingRight);
		}).map((one) => one.placeholder);
	}), []);
});

test('times are exact and with their zone, and how long ago they are is said',
	async (t) => {
		const visit = await t.visit();

		await visit.open('?view=events');
		const times = await visit.page.$$eval('main time', (all) =>
			all.map((one) => [one.dateTime, one.textContent,
				one.parentElement.textContent]));
		assert.ok(times.length >= 50);
		for (const [machine, shown, around] of times) {
			assert.match(machine,
				/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
			assert.match(shown, /\d{4}-\d\d-\d\d \d\d:\d\d.*(UTC|Z|[+-]\d\d)/);
			assert.match(around, /ago|in |now/);
		}
	});

test('who only looks sees no payload, no output and no button', async (t) => {
	const dead = t.site.json('list', '--state', 'dead', '--hook', 'shop')
		.find((row) => row.code === 1);
	const query = encode({ view: 'event', id: dead.id });
	const looking = await t.visit();
	const operating = await t.visit({ user: 'anna' });

	await operating.open(query);
	await looking.open(query);
	await operating.says('"currency"', 'Traceback');
	for (const secret of ['currency', 'Traceback'])
		assert.ok(!(await t.site.html(query)).includes(secret));
	for (const view of ['', '?view=events&state=dead', query,
		'?view=pipelines']) {
		await looking.open(view);
		assert.equal(await looking.page.$('form[method="post"]'), null);
	}
	assert.notEqual(await operating.page.$('form[method="post"]'), null);
});

test('nobody is let in without a password', async (t) => {
	const visit = await t.visit({ user: null });

	assert.match(await visit.open().catch((error) => error.message),
		/ERR_INVALID_AUTH_CREDENTIALS/);
	const evil = await fetch(t.site.page('anna'), { headers: {
		Authorization: `Basic ${Buffer.from('anna:x').toString('base64')}`,
	} });
	assert.equal(evil.status, 401);
});
