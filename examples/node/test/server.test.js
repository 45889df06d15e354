'use strict'

const assert = require('node:assert')
const test = require('node:test')
const app = require('../server')

test('it says that it is healthy', async () => {
  const server = app.listen(0)
  try {
    const response = await fetch(`http://127.0.0.1:${server.address().port}/health`)
    assert.strictEqual(response.status, 200)
    assert.strictEqual((await response.json()).status, 'ok')
  } finally {
    server.close()
  }
})
