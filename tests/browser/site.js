// SPDX-License-Identifier: ISC
//
// A site with a page: a configuration, a journal, pelihook behind a web server
// on a free port of this machine, and users with passwords.  PELIHOOK_BUILD is
// the build that is tested.

import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync,
	readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRoot } from './harness.js';

export const TOP = process.env.PELIHOOK_SOURCE;
const BUILD = process.env.PELIHOOK_BUILD;
const USER = 'www-data';
const READY = 20_000;

// The users' names, some of which are in the examples.
const LOOKS = 'emil';
const OPERATES = ['anna', 'marieke'];

async function freePort() {
	const server = createServer().listen(0, '127.0.0.1');

	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	return port;
}

export async function until(what, is) {
	const end = Date.now() + READY;

	while (!await is()) {
		if (Date.now() > end)
			throw new Error(`in ${READY / 1000} s ${what} did not happen`);
		await new Promise((done) => setTimeout(done, 50));
	}
}

// An example as it is, with what it has in a comment for the page in force; the
// places of what was installed are replaced.
export function example(site, name) {
	const copy = site.path(`example-${name}`);
	const text = readFileSync(join(TOP, 'examples', name), 'utf8');
	const [page] = /^# The page, for people[^]*?\n\n/m.exec(`${text}\n`);

	writeFileSync(copy, (text + page.replace(/^#(?! )/gm, ''))
		.replace(/\/etc\/\w+\/(pelihook[a-z-]*\.htpasswd)/g, site.path('$1'))
		.replaceAll('/usr/lib/cgi-bin/', site.path('/'))
		.replaceAll('/run/pelihook/', site.path('/')));
	return copy;
}

// However this process ends, nothing is left of them.
const sites = new Set();

process.on('exit', () => sites.forEach((site) => site.leave()));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(signal, () => process.exit(1));

export class Site {
	// operator: another name of one who may act.
	constructor({ operator } = {}) {
		this.operator = operator ?? OPERATES[0];
		this.operators = [...OPERATES, this.operator];
		this.directory = mkdtempSync(join(tmpdir(), 'pelihook-page.'));
		execFileSync('chmod', ['755', this.directory]);
		this.processes = [];
		sites.add(this);
		this.passwords = {};
		for (const name of [LOOKS, ...this.operators])
			this.passwords[name] = randomBytes(9).toString('hex');
		execFileSync('sh', [join(TOP, 'tests/month/site.sh'),
			this.directory]);
		for (const program of ['cgi/pelihook.cgi', 'fcgi/pelihook.fcgi'])
			execFileSync('cp', [join(BUILD, program), this.directory]);
		this.secret = readFileSync(this.path('secret'), 'utf8').trim();
	}

	path(name) {
		return join(this.directory, name);
	}

	write(name, text, mode = 0o644) {
		writeFileSync(this.path(name), text, { mode });
	}

	credentials(username) {
		return { username, password: this.passwords[username] };
	}

	// The page's address, for a user.
	page(user) {
		return `${this.origin}/pelihook/` +
			(this.operators.includes(user) ? 'operate/' : '');
	}

	get config() {
		return this.path('pelihook.conf');
	}

	// As the server's user has to find it.
	giveAway() {
		if (isRoot)
			execFileSync('chown', ['-R', USER, this.directory]);
	}

	// With so many events, or about 3,000.
	month(...counts) {
		execFileSync(join(BUILD, 'tests/month/month'),
			[this.config, ...counts.map(String)],
			{ stdio: ['ignore', 'ignore', 'inherit'] });
	}

	ctl(...words) {
		return execFileSync(join(BUILD, 'ctl/pelihookctl'),
			['-c', this.config, ...isRoot ? ['-u', USER] : [], ...words],
			{ encoding: 'utf8', maxBuffer: 64 << 20 });
	}

	// Rows of list, show... with --json.
	json(...words) {
		return this.ctl(...words, '--json').trim().split('\n')
			.filter((line) => line !== '').map((line) => JSON.parse(line));
	}

	states(id) {
		return this.json('show', id)[0].deliveries.map((one) => one.state);
	}

	launch(name, command, ...words) {
		const log = openSync(this.path(`${name}.log`), 'a');
		const started = spawn(command, words, {
			stdio: ['ignore', log, log],
			env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
			detached: true,
		});

		closeSync(log);
		this.processes.unshift(started);
	}

	responder() {
		this.launch('fcgi', 'spawn-fcgi', '-n', '-s',
			this.path('pelihook.sock'), '-M', '0660',
			...isRoot ? ['-u', USER, '-U', USER] : [], '--',
			this.path('pelihook.fcgi'), '-c', this.config);
		return until('pelihook.fcgi', () => {
			try {
				execFileSync('test', ['-S', this.path('pelihook.sock')]);
				return true;
			} catch {
				return false;
			}
		});
	}

	// The files that the examples name.
	writePasswords() {
		const lines = (users) => users.map((user) => `${user}:` +
			execFileSync('openssl', ['passwd', '-6', this.passwords[user]],
				{ encoding: 'utf8' })).join('');

		this.write('pelihook-operate.htpasswd', lines(this.operators));
		for (const name of ['pelihook', 'pelihook-view'])
			this.write(`${name}.htpasswd`, lines([LOOKS, ...this.operators]));
	}

	// start: a function of the port.
	async serve(start) {
		const port = await freePort();

		this.origin = `http://127.0.0.1:${port}`;
		await start(port);
		await until('a web server', () => fetch(this.origin).then(
			() => true, () => false));
		return this;
	}

	// A signed event, as a sender sends it.
	// An event, or the very text of a body.
	async send(hook, event) {
		const body = typeof event === 'string' ? event :
			JSON.stringify(event);
		const answer = await fetch(`${this.origin}/hook/${hook}`, {
			method: 'POST',
			body,
			headers: { 'X-Signature': 'sha256=' +
				createHmac('sha256', this.secret).update(body)
					.digest('hex') },
		});

		if (answer.status !== 202)
			throw new Error(`an event is answered ${answer.status}`);
		return (await answer.json()).id;
	}

	// What a browser without a face gets.
	fetch(query, user = LOOKS, options = {}) {
		const { password } = this.credentials(user);

		return fetch(this.page(user) + query, {
			redirect: 'manual',
			...options,
			headers: { Authorization: 'Basic ' +
				Buffer.from(`${user}:${password}`).toString('base64'),
			...options.headers },
		});
	}

	async html(query, user) {
		return (await this.fetch(query, user)).text();
	}

	async stop() {
		for (const one of this.processes) {
			if (one.exitCode !== null || one.signalCode !== null)
				continue;
			const timer = setTimeout(() => one.kill('SIGKILL'), 10_000);

			one.kill();
			await once(one, 'exit');
			clearTimeout(timer);
		}
		this.leave();
	}

	leave() {
		for (const one of this.processes)
			one.kill('SIGKILL');
		sites.delete(this);
		if (!process.env.PELIHOOK_KEEP)
			rmSync(this.directory, { recursive: true, force: true });
	}
}

// ---- Servers ----------------------------------------------------------------

function startNginx(site, port) {
	const { directory } = site;
	const places = ['client_body', 'fastcgi', 'proxy', 'uwsgi', 'scgi']
		.map((one) => `${one}_temp_path ${directory}/nginx-${one};`);

	site.write('fastcgi_params',
		readFileSync('/etc/nginx/fastcgi_params', 'utf8'));
	site.write('nginx.conf', `${isRoot ? `user ${USER};` : ''}
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/nginx.log;
events { }
http {
	access_log off;
	${places.join('\n\t')}
	server {
		listen 127.0.0.1:${port};
		include ${example(site, 'nginx.conf')};
	}
}
`);
	site.launch('nginx', 'nginx', '-p', directory, '-c',
		site.path('nginx.conf'), '-e', site.path('nginx.log'));
}

function startLighttpd(site, port) {
	site.write('lighttpd.conf', `${isRoot ?
		`server.username = "${USER}"` : ''}
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${site.directory}/nothing"
server.upload-dirs = ( "${site.directory}" )
server.breakagelog = "${site.path('cgi.log')}"
server.modules = ( "mod_setenv" )
setenv.set-environment = ( "PELIHOOK_CONFIG" => "${site.config}" )
include "${example(site, 'lighttpd-cgi.conf')}"
`);
	site.launch('lighttpd', 'lighttpd', '-D', '-f',
		site.path('lighttpd.conf'));
}

function startApache(site, port) {
	const modules = ['mpm_event', 'authz_core', 'authz_host', 'authz_user',
		'authn_core', 'authn_file', 'auth_basic', 'env', 'alias', 'setenvif',
		'proxy', 'proxy_fcgi', 'unixd'].filter((one) =>
		existsSync(`/usr/lib/apache2/modules/mod_${one}.so`));

	site.write('apache2.conf', `${modules.map((one) =>
		`LoadModule ${one}_module /usr/lib/apache2/modules/mod_${one}.so`)
		.join('\n')}
${isRoot ? `User ${USER}\nGroup ${USER}` : ''}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${site.path('apache.pid')}
DefaultRuntimeDir ${site.directory}
ErrorLog ${site.path('apache-error.log')}
DocumentRoot ${site.path('nothing')}
Include ${example(site, 'apache-proxy.conf')}
`);
	site.launch('apache', 'apache2', '-d', site.directory, '-f',
		site.path('apache2.conf'), '-DFOREGROUND');
}

const starts = {
	nginx: startNginx,
	lighttpd: startLighttpd,
	apache: startApache,
};

// pelihook with the site's journal, behind that server.
export async function serve(site, server = 'nginx') {
	site.writePasswords();
	mkdirSync(site.path('nothing'));
	site.giveAway();
	if (server !== 'lighttpd')
		await site.responder();
	return site.serve((port) => starts[server](site, port));
}

export async function monthBehind(server) {
	const site = new Site();

	site.month();
	return serve(site, server);
}
