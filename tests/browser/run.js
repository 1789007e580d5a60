// SPDX-License-Identifier: ISC
//
//	node run.js [TEXT]
//
// Runs the tests whose names hold the text, or all of them.

import { runAll } from './harness.js';
import './looking.js';
import './acting.js';
import './hostile.js';
import './servers.js';

process.exitCode = await runAll(process.argv[2]) ? 0 : 1;
