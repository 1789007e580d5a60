// SPDX-License-Identifier: ISC
//
// Every view, as a query, with what its h1 has to say.

import { execFileSync } from 'node:child_process';

export function encode(parameters) {
	return `?${new URLSearchParams(parameters)}`;
}

function literal(text) {
	return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}

export function viewsOf(site) {
	const [dead] = site.json('list', '--state', 'dead', '--limit', '1');
	const all = site.json('list', '--limit', '5000');
	const tried = all.find((row) => row.state === 'dead' && row.attempts > 1);
	const twice = all.find((row) => row.delivery === 2);
	const [failing] = site.json('pipelines');
	const hook = failing.hook;
	const id = failing.pipeline.id;

	return [
		{ name: 'the overview', query: '', title: /./ },
		{ name: 'the overview of a month', query: '?since=30d', title: /./ },
		{ name: 'events', query: '?view=events', title: /^Events$/ },
		{ name: 'events of a filter',
			query: '?view=events&state=dead&since=30d', title: /^Events$/ },
		{ name: 'no events', query: '?view=events&q=ffffffff',
			title: /^Events$/ },
		{ name: 'an event', query: encode({ view: 'event', id: dead.id }),
			title: new RegExp(`^${dead.event}( of .+)?$`) },
		{ name: 'an event with tries',
			query: encode({ view: 'event', id: tried.id }),
			title: new RegExp(`^${tried.event}( of .+)?$`) },
		{ name: 'an event with deliveries',
			query: encode({ view: 'event', id: twice.id }),
			title: new RegExp(`^${twice.event}( of .+)?$`) },
		{ name: 'pipelines', query: '?view=pipelines', title: /^Pipelines$/ },
		{ name: 'a pipeline', query: encode({ view: 'pipeline', hook, id }),
			title: literal(failing.pipeline.name) },
		{ name: 'the question before a retry',
			query: '?view=confirm&action=retry&state=dead', title: /etry/,
			user: 'anna' },
		{ name: 'the question before a drop',
			query: '?view=confirm&action=drop&state=dead&hook=shop',
			title: /rop/, user: 'anna' },
		{ name: 'the question where there is nothing',
			query: '?view=confirm&action=retry&event=none', title: /etry/,
			user: 'anna' },
		{ name: 'actions', query: '?view=actions', title: /ctions/ },
	];
}
