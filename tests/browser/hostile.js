// SPDX-License-Identifier: ISC
//
// Every text that comes from outside may be anything.  Two sites get the same
// events, the one with texts that harm where they are not escaped, the other
// with plain ones: what is parsed of their pages has the same elements, with the
// same attributes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { parse } from 'parse5';
import { suite } from './harness.js';
import { Site, serve, until } from './site.js';
import { encode } from './views.js';

const MARKUP = [
	'<script>alert(1)</script>',
	'"><img src=x onerror=alert(1)>',
	'\' onmouseover=\'alert(1)\' x=\'',
	'</title></style></script><b>bold',
	'</td></tr></table><form action="//evil.example">',
	'<!-- --!> -->',
	']]><![CDATA[<i>',
	'&lt;b&gt;&amp;&#60;&quot;&bogus;&',
	'javascript:alert(1)//',
	'?view=events&done=1#" autofocus onfocus="alert(1)',
	'<svg onload=alert(1)><use href="data:,x">',
	'\u202e\u2066reordered\u200b\ufeff',
	'\ud83d\udca5 \u0645\u0631\u062d\u0628\u0627 e\u0301\u0301\u0301',
	'x'.repeat(240),
	'%00%0d%0aSet-Cookie:%20a=b',
	'` ${7*7} {{7*7}} $(id) `id`',
];
const PLAIN = MARKUP.map((_, number) => `plain ${number}`);
// What no name can be, but a payload, or a journal that somebody wrote to.
const WORSE = [
	'\u0000\u0001\u0008\u001b[31m\u007f\u0085\u009b',
	'a\r\nb\tc\u2028d\u2029',
	`<b>${'<'.repeat(200_000)}`,
	'\ud800 <b>',
];
const BYTES = [...MARKUP.map((text) => Buffer.from(text)),
	Buffer.from([0xff, 0xfe, 0x3c, 0x62, 0x3e]),
	Buffer.from([0xc0, 0xbc, 0x62, 0x3e, 0xe2, 0x82]),
	Buffer.from('\u0001\u001b[31m<b>')];

function configure(site, marked) {
	site.write('say', `#!/bin/sh
cat
printf '${marked ? '\\377\\376<b>\\033[31m&lt;"' : '\\377plain'}'
exit 65
`, 0o755);
	site.write('pelihook.conf', `journal ${site.path('journal.db')}
log ${site.path('pelihook.log')}

hook shop
  secret-file ${site.path('secret')}
  event-name /event
  watch on
  on @watch ignore
  on *  run ${site.path('say')} "${marked ? '<b>&lt;' : 'plain'}"
`);
}

async function fill(site, texts, worse) {
	site.ids = [];
	for (const [number, text] of texts.entries())
		for (const event of ['pipeline_run_started', 'pipeline_run_error',
			text])
			site.ids.push(await site.send('shop', {
				event,
				pipeline: { id: text, name: `${number} ${text}` },
				run: { id: `${number} ${text}` },
				detail: text,
			}));
	for (const text of worse)
		site.ids.push(await site.send('shop', { event: 'order.paid', text }));
	await until('that all are dead', () =>
		site.json('list', '--state', 'dead').length === site.ids.length);
}

async function act(site, fields) {
	const answer = await site.fetch('', site.operator, {
		method: 'POST',
		body: new URLSearchParams(fields),
		headers: { 'Sec-Fetch-Site': 'same-origin' },
	});

	assert.equal(answer.status, 303, await answer.text());
	return answer.headers.get('location');
}

async function makeSite(operator, texts, worse) {
	const site = new Site({ operator });

	site.texts = texts;
	configure(site, texts === MARKUP);
	await serve(site);
	await fill(site, texts, worse);
	// Runs are put together for who looks.
	await site.fetch('');
	site.places = [
		await act(site, { view: 'event', id: site.ids[0], action: 'drop' }),
		await act(site, { view: 'pipeline', hook: 'shop', id: texts[1],
			action: 'mute', length: '8h' }),
	];
	return site;
}

function queries(site) {
	return [
		'', '?since=7d', '?view=events', '?view=events&state=dead',
		'?view=pipelines', '?view=actions', ...site.places,
		...site.ids.map((id) => encode({ view: 'event', id })),
		...site.texts.map((id) =>
			encode({ view: 'pipeline', hook: 'shop', id })),
		...site.texts.flatMap((text) => [
			encode({ view: 'events', pipeline: text }),
			encode({ view: 'events', event: text, hook: text, q: text }),
			encode({ view: 'confirm', action: 'drop', pipeline: text }),
			encode({ view: 'pipelines', hook: text }),
			encode({ view: text }), encode({ state: text }),
			encode({ [text]: text }), encode({ since: text }),
			encode({ view: 'event', id: text }),
			encode({ view: 'pipeline', hook: text, id: text }),
		]),
	];
}

// What is said only below a payload that is not shown as it is.
const isNote = ({ tagName, childNodes: [first] }) => tagName === 'p' &&
	first?.value?.startsWith('Bytes that are not UTF-8');

// Each kind of element, where it is and with which attributes, and how often
// it is there.  How many rectangles a chart has depends on durations.
function elementsOf(html) {
	const found = new Map();
	const errors = [];
	const walk = (node, path, counts) => {
		for (const child of node.childNodes ?? []) {
			if (child.tagName === undefined || isNote(child))
				continue;
			const attributes = child.attrs.map(({ name }) => name).sort();
			const place = `${path}/${child.tagName}`;
			const key = `${place}[${attributes}]`;

			found.set(key, counts ? (found.get(key) ?? 0) + 1 : 0);
			walk(child, place, counts && child.tagName !== 'svg');
		}
	};

	walk(parse(html, { onParseError: ({ code, startOffset }) => {
		// A carriage return would be lost otherwise.
		if (code !== 'control-character-reference' ||
			!html.slice(0, startOffset).endsWith('&#13;'))
			errors.push(code);
	} }), '', true);
	assert.deepEqual(errors, [], 'the HTML has errors');
	return found;
}

// What is said below a text of which not all can be shown.
const NOTE = /<p class="muted">Bytes that are not UTF-8,[^<]*<\/p>/g;

function compare(marked, plain, query) {
	const found = elementsOf(marked.replace(NOTE, ''));
	const wanted = elementsOf(plain.replace(NOTE, ''));

	for (const [key, count] of found)
		assert.equal(count, wanted.get(key), `${query}: ${key}`);
	for (const key of wanted.keys())
		assert.ok(found.has(key), `${query}: ${key} is missing`);
}

async function textsOf(site, query) {
	const answer = await site.fetch(query, site.operator);

	assert.ok(answer.headers.get('set-cookie') === null);
	return { status: answer.status, html: await answer.text() };
}

const test = suite(async () => {
	const marked = await makeSite('<i>anna</i>"\'&', MARKUP, WORSE);
	const plain = await makeSite('plain anna', PLAIN,
		WORSE.map((_, number) => number === 2 ?
			'plain '.repeat(35_000) : 'plain'));

	return Object.assign(marked, { plain });
}, async (site) => {
	await site.plain.stop();
	await site.stop();
});

test('no text of the journal or of a query becomes an element or an attribute',
	async (t) => {
		const plain = queries(t.site.plain);

		for (const [number, query] of queries(t.site).entries()) {
			const found = await textsOf(t.site, query);
			const wanted = await textsOf(t.site.plain, plain[number]);

			assert.equal(found.status, wanted.status, query);
			compare(found.html, wanted.html, query);
		}
	});

// What would turn the words round it, too, is shown as what it is not.
const shown = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

test('a browser shows them as they are, and runs nothing of them',
	async (t) => {
		const visit = await t.visit({ user: t.site.operator });

		visit.page.on('dialog', (dialog) => {
			visit.complaints.push(`a dialog: ${dialog.message()}`);
			dialog.dismiss();
		});
		for (const query of queries(t.site).slice(0, 60))
			await visit.open(query);
		await visit.open('?view=pipelines');
		const found = await visit.page.$eval('main', (one) => one.textContent);
		for (const text of MARKUP)
			assert.ok(found.includes(shown(text)), text);
		assert.doesNotMatch(found, /[\u202a-\u202e\u2066-\u2069]/);
	});

test('a pipeline is muted from its page, whatever it is called', async (t) => {
	const worst = '\u202e\u2066\r\n\t\u0001\u001b\u007f"&';
	const visit = await t.visit({ user: t.site.operator });

	await t.site.send('shop', { event: 'pipeline_run_started',
		pipeline: { id: worst, name: 'worst' }, run: { id: 'worst' } });
	for (const id of [worst,
		...MARKUP.filter((text) => /[\u202e%\u200b"]/.test(text))]) {
		await visit.open(encode({ view: 'pipeline', hook: 'shop', id }));
		await visit.press('Mute');
		await visit.says('Muted 1 pipeline');
		assert.ok(t.site.json('pipelines').find((one) =>
			one.pipeline.id === id).muted_until, JSON.stringify(id));
	}
});

test('a payload is there with the ends of its lines as received', async (t) => {
	const body = '{\r\n\t"event": "order.paid",\r"text": 1\n}\r\n';
	const id = await t.site.send('shop', body);
	const visit = await t.visit({ user: t.site.operator });

	await visit.open(encode({ view: 'event', id }));
	assert.equal(await visit.page.$eval('[aria-label="Payload, as received"]',
		(one) => one.textContent), body);
	elementsOf((await textsOf(t.site, encode({ view: 'event', id }))).html);
});

// By who writes to the file itself, all texts that views may show.
const WRITE = `
import base64, json, sqlite3, sys
path, *texts = json.load(sys.stdin)
texts = [base64.b64decode(text) for text in texts]
columns = {
	"events": "name remote digest shown run pipeline",
	"attempts": "outcome tail", "runs": "run event outcome",
	"pipelines": "name failure", "hours": "what hook",
	"tallies": "name", "lanes": "key",
	"actions": "who action target why",
}
keys = {"attempts": "delivery, turn", "pipelines": "hook, id",
	"hours": "hook, hour, what, source", "tallies": "hook, name, state"}
with sqlite3.connect(path, timeout=20) as journal:
	journal.text_factory = bytes
	number = 0
	for table, names in columns.items():
		key = keys.get(table, "rowid")
		where = " AND ".join("CAST(%s AS BLOB) IS CAST(? AS BLOB)" % one
			for one in key.split(", "))
		for name in names.split():
			for row in journal.execute("SELECT %s FROM %s" % (key, table)
					).fetchall():
				number += 1
				if number % 3:
					journal.execute("UPDATE OR IGNORE %s SET %s = "
						"CAST(? AS TEXT) WHERE %s" % (table, name, where),
						[texts[number % len(texts)], *row])
`;

test('nor does a text that somebody wrote into the journal\'s file',
	async (t) => {
		const known = new Set();
		const plain = queries(t.site.plain);
		let bytes = 0;

		for (const query of plain)
			for (const key of elementsOf((await textsOf(t.site.plain, query))
				.html).keys())
				known.add(key);
		for (const site of [t.site.plain, t.site])
			execFileSync('python3', ['-c', WRITE], {
				input: JSON.stringify([site.path('journal.db'),
					...(site === t.site ? BYTES : [Buffer.from('plain')])
						.map((one) => one.toString('base64'))]),
				stdio: ['pipe', 'inherit', 'inherit'],
			});
		for (const query of plain)
			for (const key of elementsOf((await textsOf(t.site.plain, query))
				.html).keys())
				known.add(key);
		for (const query of queries(t.site)) {
			const { status, html } = await textsOf(t.site, query);

			assert.ok([200, 400, 404].includes(status), `${status}: ${query}`);
			bytes += html.length;
			for (const key of elementsOf(html).keys())
				assert.ok(known.has(key), `${query}: ${key}`);
		}
		assert.ok(bytes > 100_000);
	});
