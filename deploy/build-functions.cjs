'use strict';
// A plugin of osls: builds the functions with cargo, and gives each its own artifact. Artifacts of
// one name would share one key in the bucket, and all functions would run the same code.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const yazl = require('yazl');

const ROOT = path.dirname(__dirname);
// Where osls looks for artifacts when it decides whether anything has changed.
const OUT = path.join(__dirname, '.serverless');
// What Lambda calls a processor, what Node calls it, and its number in an ELF header.
const PROCESSORS = { x86_64: ['x64', 0x3e], arm64: ['arm64', 0xb7] };
// Of Amazon Linux 2023, which is what `provided.al2023` runs.
const GLIBC = 34;

class BuildFunctions {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.build(this.service.getAllFunctions()),
      'before:deploy:function:packageFunction': () => this.build([this.options.function]),
    };
  }

  get service() {
    return this.serverless.service;
  }

  async build(names) {
    const functions = names.map((name) => this.service.getFunction(name));
    const binaries = functions.map((definition) => definition.handler);
    const { architecture } = this.service.provider;
    // Built elsewhere, such as by an earlier step of a pipeline.
    const ready = process.env.NOTES_BINARIES;
    const paths = ready
      ? new Map(binaries.map((binary) => [binary, path.join(ready, binary)]))
      : this.cargo(binaries, architecture);
    fs.mkdirSync(OUT, { recursive: true });
    for (const definition of functions) {
      const binary = fs.readFileSync(paths.get(definition.handler));
      this.check(definition.handler, binary, architecture);
      const artifact = path.join(OUT, `${definition.handler}.zip`);
      fs.writeFileSync(artifact, await zip(binary));
      definition.package = { ...definition.package, artifact: path.relative(__dirname, artifact) };
    }
  }

  // The binaries, by name. Built with -p: other members of the workspace turn on features that a
  // function must not have.
  cargo(binaries, architecture) {
    if (PROCESSORS[architecture][0] !== process.arch) {
      this.fail(
        `this machine is ${process.arch}. Functions for ${architecture} are built on a machine of that kind; ` +
          'NOTES_BINARIES=DIRECTORY takes them from there'
      );
    }
    const config = path.join(__dirname, 'functions.toml');
    const args = ['build', '--config', config, '--release', '--locked', '-p', 'notes-lambda', '--features', 'functions'];
    const bins = binaries.flatMap((binary) => ['--bin', binary]);
    const format = '--message-format=json-render-diagnostics';
    const cargo = spawnSync('cargo', [...args, ...bins, format], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: Infinity,
      encoding: 'utf8',
    });
    if (cargo.error || cargo.status !== 0) this.fail(`cargo: ${cargo.error ?? 'the build failed'}`);
    // Cargo knows where its target directory is.
    const messages = cargo.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    return new Map(messages.filter((message) => message.executable).map((message) => [message.target.name, message.executable]));
  }

  // Whether the binary starts there. Lambda would only say so at the first request.
  check(name, binary, architecture) {
    if (binary.readUInt32BE(0) !== 0x7f454c46 || binary.readUInt16LE(18) !== PROCESSORS[architecture][1]) {
      this.fail(`${name} is no binary for ${architecture}`);
    }
    const needed = binary.toString('latin1').matchAll(/\0GLIBC_2\.(\d+)(?=[.\0])/g);
    const newest = Math.max(...Array.from(needed, (version) => Number(version[1])));
    if (newest > GLIBC) {
      this.fail(`${name} needs glibc 2.${newest}, and Lambda has 2.${GLIBC}: build on an older system`);
    }
  }

  fail(message) {
    throw new this.serverless.classes.Error(message);
  }
}

// The same binary makes the same artifact, byte for byte, so that an unchanged function is not
// deployed again.
async function zip(binary) {
  const file = new yazl.ZipFile();
  const mtime = new Date(1980, 0, 1);
  file.addBuffer(binary, 'bootstrap', { mtime, mode: 0o100755, forceDosTimestamp: true });
  file.end();
  const chunks = [];
  for await (const chunk of file.outputStream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

module.exports = BuildFunctions;
// Variables of serverless.yml.
const machine = () => Object.keys(PROCESSORS).find((name) => PROCESSORS[name][0] === process.arch);
// A parameter that is a list separated by commas.
const list = async (name, { resolveVariable }) =>
  (await resolveVariable(`param:${name}`)).split(',').map((part) => part.trim());
const corsHeaders = (variables) => list('corsHeaders', variables);
// Who handles CORS decides where an origin may have a *, beside the * that is any origin. With an HTTP API that is
// the gateway, which compares any other * as it is written; with a REST API the functions, which would not start.
const WILDCARDS = {
  http: [/^https?:\/\/\*$/, 'http://* and https://*'],
  rest: [/^[^*]+:\/\/[^*]+:\*$/, 'http://localhost:*, in place of the port'],
};
async function corsOrigins(variables) {
  const api = await variables.resolveVariable('param:api');
  const origins = await list('corsOrigins', variables);
  if (!(api in WILDCARDS)) return origins; // osls itself says that there is no file for it
  const [allowed, example] = WILDCARDS[api];
  const refused = origins.filter((origin) => origin.includes('*') && origin !== '*' && !allowed.test(origin));
  if (refused.length > 0) {
    const message =
      `corsOrigins: no page has the origin ${refused.join(', ')}. With api=${api}, ` +
      `a * is allowed alone, or as in ${example}`;
    // osls prints the stack where there is one.
    throw Object.assign(new Error(message), { stack: message });
  }
  return origins;
}
Object.assign(module.exports, { machine, corsOrigins, corsHeaders });
