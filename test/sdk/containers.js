// What programs do with dockerode, against the daemon at DOCKER_HOST:
//
//     NODE_PATH=FOLDER/node_modules node containers.js PREFIX
//
// The names of all that is made begin with PREFIX.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { PassThrough } = require('node:stream');
const { finished } = require('node:stream/promises');
const Docker = require('dockerode');

const prefix = process.argv[2];
const docker = new Docker();

// collect gives all that a stream carries.
async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

// apart gives the two outputs of a stream of frames, once it has ended.
async function apart(stream) {
  const out = new PassThrough();
  const err = new PassThrough();
  docker.modem.demuxStream(stream, out, err);
  const texts = [collect(out), collect(err)];
  await finished(stream, { writable: false });
  out.end();
  err.end();
  return Promise.all(texts);
}

// refused sees that a call is refused, with a status and words that say why.
function refused(status, words, call) {
  return assert.rejects(call, (e) => {
    assert.equal(e.statusCode, status);
    assert.match(e.message, words);
    return true;
  });
}

function create(name, options) {
  return docker.createContainer({ Image: 'busybox', name: prefix + name, ...options });
}

const tests = {
  async 'runs and gives its output'() {
    const out = new PassThrough();
    const text = collect(out);
    const [end, container] = await docker.run('busybox', ['sh', '-c', 'echo hello; exit 3'], out, { Tty: false });
    out.end();
    assert.equal(end.StatusCode, 3);
    assert.match(await text, /hello\n$/);
    await container.remove();
  },

  async 'starts, lists and removes'() {
    const c = await create('life', { Cmd: ['sleep', '1000'], Labels: { of: prefix } });
    await c.start();
    await refused(304, /already started|not modified|304/i, () => c.start());
    const list = await docker.listContainers({ filters: { label: ['of=' + prefix] } });
    assert.deepEqual(list.map((x) => x.Names[0]), ['/' + prefix + 'life']);
    assert.equal((await c.inspect()).State.Running, true);
    assert.match((await c.top()).Processes[0].join(' '), /sleep 1000/);
    await c.pause();
    assert.equal((await c.inspect()).State.Paused, true);
    await c.unpause();
    await c.rename({ name: prefix + 'renamed' });
    await c.restart({ t: 0 });
    await c.stop({ t: 0 });
    assert.equal((await c.wait()).StatusCode, 137);
    await c.remove();
    await refused(404, /No such container/i, () => c.inspect());
  },

  async 'executes'() {
    const c = await create('exec', { Cmd: ['sleep', '1000'] });
    await c.start();
    const exec = await c.exec({ Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 4'], AttachStdout: true, AttachStderr: true });
    assert.deepEqual(await apart(await exec.start({})), ['out\n', 'err\n']);
    assert.equal((await exec.inspect()).ExitCode, 4);
    const cat = await c.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
    const stream = await cat.start({ hijack: true, stdin: true });
    const both = apart(stream);
    stream.end('typed\n');
    assert.equal((await both)[0], 'typed\n');
    await c.kill();
    await c.wait();
    await refused(409, /is not running/, () => c.exec({ Cmd: ['true'] }));
    await c.remove();
  },

  async 'reads logs'() {
    const c = await create('logs', { Cmd: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done; echo end >&2'] });
    await c.start();
    assert.deepEqual(await apart(await c.logs({ follow: true, stdout: true, stderr: true })), ['1\n2\n3\n', 'end\n']);
    assert.match((await c.logs({ stdout: true, stderr: true, tail: 1, timestamps: true })).toString(), /Z end\n$/);
    await c.remove();
  },

  async 'tells what it uses'() {
    const c = await create('stats', { Cmd: ['sleep', '1000'] });
    await c.start();
    const once = await c.stats({ stream: false });
    assert.equal(once.name, '/' + prefix + 'stats');
    assert.ok(once.memory_stats.usage > 0 && once.pids_stats.current > 0);
    const stream = await c.stats({ stream: true });
    for await (const part of stream) {
      assert.ok(JSON.parse(part).read);
      break;
    }
    stream.destroy();
    await c.remove({ force: true });
  },

  async 'hears events'() {
    const name = prefix + 'heard';
    const stream = await docker.getEvents({ filters: { container: [name], type: ['container'] } });
    const seen = [];
    const heard = (async () => {
      let rest = '';
      for await (const part of stream) {
        const lines = (rest + part).split('\n');
        rest = lines.pop();
        for (const line of lines) seen.push(JSON.parse(line).Action);
        if (seen.includes('destroy')) return;
      }
    })();
    const c = await create('heard', { Cmd: ['true'] });
    await c.start();
    await c.wait();
    await c.remove();
    await heard;
    stream.destroy();
    const main = ['create', 'start', 'die', 'destroy'];
    assert.deepEqual(seen.filter((a) => main.includes(a)), main);
  },

  async 'attaches'() {
    const c = await create('attach', { Cmd: ['sh', '-c', 'read line; echo got $line'], OpenStdin: true, StdinOnce: true });
    const stream = await c.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const both = apart(stream);
    await c.start();
    stream.end('it\n');
    assert.deepEqual(await both, ['got it\n', '']);
    assert.equal((await c.wait()).StatusCode, 0);
    await c.remove();
  },

  async 'refuses'() {
    await refused(404, /No such image/i, () => create('none', { Image: 'no-such-image:here', Cmd: ['true'] }));
    const c = await create('taken', { Cmd: ['no-such-program'] });
    await refused(409, /is already in use by container/, () => create('taken', { Cmd: ['true'] }));
    await refused(409, /is not running/, () => c.kill());
    await refused(400, /no-such-program/, () => c.start());
    await c.remove();
    await refused(404, /No such container/i, () => c.remove());
  },

  // builds: classic, and with BuildKit's own progress.
  async builds() {
    const context = fs.mkdtempSync(path.join(os.tmpdir(), 'sdk-'));
    try {
      fs.writeFileSync(path.join(context, 'Dockerfile'), 'FROM busybox\nCOPY file /\nCMD ["cat", "/file"]\n');
      fs.writeFileSync(path.join(context, 'file'), 'sent\n');
      for (const version of ['1', '2']) {
        const told = await docker.buildImage({ context, src: ['Dockerfile', 'file'] }, { t: `${prefix}built`, version });
        const messages = await new Promise((resolve, reject) => docker.modem.followProgress(told, (e, all) => (e ? reject(e) : resolve(all))));
        assert.match(messages.find((m) => m.aux && m.aux.ID).aux.ID, /^sha256:[0-9a-f]{64}$/);
        assert.equal(messages.some((m) => m.id === 'moby.buildkit.trace'), version === '2');
        const out = new PassThrough();
        const text = collect(out);
        const [ended, c] = await docker.run(`${prefix}built`, null, out, { Tty: true });
        out.end();
        assert.equal(ended.StatusCode, 0);
        assert.equal(await text, 'sent\r\n');
        await c.remove();
      }
      await docker.getImage(`${prefix}built`).remove();
    } finally {
      fs.rmSync(context, { recursive: true });
    }
  },
};

(async () => {
  for (const [name, test] of Object.entries(tests)) {
    console.log(name);
    await test();
  }
  console.log('all is well');
  process.exit(0); // whatever connections are still open
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
