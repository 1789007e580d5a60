// SPDX-License-Identifier: ISC
//
// Tests that are named as sentences, in suites that have a site each, and a
// browser for all of them.  Prints TAP.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const suites = [];
// Only what hangs takes that long, also where the machine is busy.
const TEST_TIME = 300_000;

// begin and end: of what the tests of a suite have in common, which is t.site.
export function suite(begin, end = (site) => site.stop()) {
	const made = { begin, end, tests: [] };

	suites.push(made);
	return (name, run) => made.tests.push({ name, run });
}

export const isRoot = process.getuid() === 0;

// What the browser has to say of a page whose server does not answer 200: it
// is no fault of the page.
const EXPECTED = /^Failed to load resource: the server responded with a status/;

// A page of its own, as one who sits at a browser of his own has it.
class Visit {
	constructor(page, context, site) {
		Object.assign(this, { page, context, site, complaints: [] });
	}

	// options: user, the name of one of the site's, null for nobody; width
	// and height in CSS pixels; dark; scripts: whether the browser runs any;
	// without: the page's policy is passed by, for what has to be put into it;
	// host: of the address, instead of 127.0.0.1; foreign: it goes elsewhere.
	static async begin(browser, site, options = {}) {
		const context = await browser.createBrowserContext();
		const page = await context.newPage();
		const visit = new Visit(page, context, site);
		const { user = 'emil', width = 1280, height = 900 } = options;

		visit.base = site.page(user).replace('127.0.0.1',
			options.host ?? '127.0.0.1');
		visit.origin = options.foreign ? 'http' : new URL(visit.base).origin;
		await page.setViewport({ width, height,
			deviceScaleFactor: options.scale ?? 1 });
		await visit.setDark(options.dark);
		if (user !== null)
			await page.authenticate(site.credentials(user));
		if (options.without)
			await page.setBypassCSP(true);
		await page.setJavaScriptEnabled(options.scripts ?? true);
		await visit.listen();
		return visit;
	}

	async listen() {
		await this.page.evaluateOnNewDocument(() => {
			addEventListener('securitypolicyviolation', (event) =>
				console.error('policy violated: ' +
					`${event.violatedDirective} ${event.blockedURI}`));
		});
		this.page.on('console', (message) => {
			if (!EXPECTED.test(message.text()))
				this.complaints.push(message.text());
		});
		this.page.on('pageerror', (error) =>
			this.complaints.push(error.message));
		this.page.on('request', (request) => {
			if (!request.url().startsWith(this.origin))
				this.complaints.push(`it asks for ${request.url()}`);
		});
	}

	// To a query of the page; its answer's status.
	async open(query = '') {
		const answer = await this.page.goto(this.base + query,
			{ waitUntil: 'load' });

		this.status = answer.status();
		return this.status;
	}

	// What is done leads to another page, which is waited for.
	async follow(act) {
		const [answer] = await Promise.all([
			this.page.waitForNavigation({ waitUntil: 'load' }), act()]);

		this.status = answer?.status();
		return this.status;
	}

	// The link or button of a text, or of an expression for it.
	async find(text, within = '') {
		const handle = await this.page.evaluateHandle((wanted, within) => {
			const matches = (found) => wanted.startsWith('/') ?
				new RegExp(wanted.slice(1, -1)).test(found) :
				found === wanted;
			const all = document.querySelectorAll(
				'a, button, summary, label'.split(', ')
					.map((one) => `${within} ${one}`).join());

			return [...all].find((one) => one.offsetParent !== null &&
				matches(one.textContent.trim().replace(/\s+/g, ' '))) ??
				null;
		}, text instanceof RegExp ? `/${text.source}/` : text, within);
		const element = handle.asElement();

		assert.ok(element, `there is no link or button "${text}" at ` +
			`${this.page.url()}: ${(await this.text()).slice(0, 600)}`);
		return element;
	}

	async has(text) {
		return (await this.text()).includes(text);
	}

	async press(text, within) {
		const element = await this.find(text, within);

		return this.follow(() => element.click());
	}

	// All that is to be read, blanks folded.
	async text(selector = 'main') {
		return this.page.evaluate((selector) =>
			[...document.querySelectorAll(selector)].map((one) =>
				one.innerText).join('\n').replace(/[ \t\u2009\u00a0]+/g, ' '),
		selector);
	}

	async says(...texts) {
		const found = await this.text();

		for (const text of texts)
			assert.ok(text instanceof RegExp ? text.test(found) :
				found.includes(text),
			`"${text}" is not said at ${this.page.url()}: ${found.slice(0, 1500)}`);
	}

	// The cells of the first table in main, or of that of a label, by row.
	async rows(label) {
		return this.page.evaluate((label) => {
			const table = document.querySelector(label ?
				`main [aria-label="${label}"] table` : 'main table.list');

			return [...(table?.tBodies[0].rows ?? [])].map((row) =>
				[...row.cells].map((cell) => cell.innerText.trim()));
		}, label);
	}

	// The IDs of the events that are linked to, in their order.
	async ids() {
		return this.page.evaluate(() => {
			const links = document.querySelectorAll(
				'main a[href*="view=event&"]');

			return [...new Set([...links].map((link) =>
				new URL(link.href).searchParams.get('id')))];
		});
	}

	async fill(name, value) {
		const field = await this.page.$(`main [name="${name}"]`);

		assert.ok(field, `there is no field ${name}`);
		if (await field.evaluate((one) => one.localName) === 'select')
			assert.deepEqual(await field.select(value), [value]);
		else
			await field.type(value);
	}

	// Whether the document itself scrolls sideways, and because of what.
	async overflow() {
		return this.page.evaluate(() => {
			const width = document.documentElement.clientWidth;

			if (document.documentElement.scrollWidth <= width)
				return '';
			return [...document.querySelectorAll('body *')].filter((one) =>
				one.getBoundingClientRect().right > width + 1)
				.slice(0, 3).map((one) => one.outerHTML.slice(0, 120))
				.join(' ') || 'something';
		});
	}

	async setDark(dark) {
		await this.page.emulateMediaFeatures([{
			name: 'prefers-color-scheme',
			value: dark ? 'dark' : 'light',
		}]);
	}

	async end() {
		await this.context.close();
	}
}

class Test {
	constructor(browser, site) {
		Object.assign(this, { browser, site, visits: [] });
	}

	async visit(options) {
		const visit = await Visit.begin(this.browser, this.site, options);

		this.visits.push(visit);
		return visit;
	}

	async end() {
		const complaints = this.visits.flatMap((visit) => visit.complaints);

		for (const visit of this.visits)
			await visit.end();
		assert.deepEqual(complaints, [], 'what the browser complains of');
	}
}

function withTimeout(promise) {
	let timer;

	return Promise.race([promise, new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(
			`it takes more than ${TEST_TIME / 1000} s`)), TEST_TIME);
	})]).finally(() => clearTimeout(timer));
}

function tell(number, name, error, began) {
	console.log(`${error ? 'not ok' : 'ok'} ${number} - ${name}`);
	if (!error)
		return;
	console.log(`# after ${Date.now() - began} ms`);
	console.log(String(error.stack ?? error).replace(/^/gm, '# '));
}

async function runTest(browser, site, { name, run }, number) {
	const t = new Test(browser, site);
	const began = Date.now();
	let error;

	try {
		await withTimeout(run(t));
	} catch (caught) {
		error = caught;
	}
	await t.end().catch((caught) => { error ??= caught; });
	tell(number, name, error, began);
	return !error;
}

// Where their site cannot be made, no test is good.
async function runSuite(browser, { begin, end, tests }, from) {
	let failed = 0;
	let site;

	try {
		site = await begin();
	} catch (error) {
		tests.forEach(({ name }, i) =>
			tell(from + i + 1, name, error, Date.now()));
		return tests.length;
	}
	for (const [i, test] of tests.entries())
		if (!await runTest(browser, site, test, from + i + 1))
			failed++;
	await end(site);
	return failed;
}

async function launch(profile) {
	return puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		userDataDir: profile,
		pipe: true,
		args: ['--disable-gpu', '--disable-dev-shm-usage',
			'--disable-background-networking', '--no-first-run',
			'--disable-component-update', '--lang=en',
			'--host-resolver-rules=MAP *.test 127.0.0.1',
			...isRoot ? ['--no-sandbox'] : []],
	});
}

// only: a text that the names of the tests have to hold.
export async function runAll(only = '') {
	const profile = await mkdtemp(join(tmpdir(), 'pelihook-chromium.'));
	const browser = await launch(profile);
	let number = 0;
	let failed = 0;

	try {
		for (const one of suites) {
			const tests = one.tests.filter(({ name }) => name.includes(only));

			if (tests.length > 0)
				failed += await runSuite(browser, { ...one, tests }, number);
			number += tests.length;
		}
	} finally {
		await browser.close();
		await rm(profile, { recursive: true, force: true });
	}
	console.log(`1..${number}`);
	return failed === 0;
}
