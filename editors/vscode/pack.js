#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// pack.js OUTPUT.vsix: packs the extension with vsce, which is taken from NODE_PATH (./dev installs it in build/npm).
'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');

const [output] = process.argv.slice(2);
if (!output) {
  console.error('usage: pack.js OUTPUT.vsix');
  process.exit(64);
}

let vsce;
try {
  vsce = require('@vscode/vsce');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  console.error('pack.js: @vscode/vsce is not installed: `./dev test` installs it in build/npm; run this with ' +
    'NODE_PATH=build/npm/node_modules');
  process.exit(69);
}

// vsce wants the licence in the folder that it packs.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ktl-vscode-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
fs.cpSync(__dirname, folder, { recursive: true, filter: (source) => source !== __filename });
fs.copyFileSync(path.join(__dirname, '../../LICENSE'), path.join(folder, 'LICENSE.txt'));
const packagePath = path.resolve(output);
process.chdir(folder); // vsce looks its files up here, even if it is told another folder
vsce.createVSIX({ packagePath, dependencies: false, allowMissingRepository: true })
  .catch((error) => {
    console.error(`pack.js: ${error.message}`);
    process.exitCode = 1;
  });
