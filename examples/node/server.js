'use strict'

const http = require('node:http')
const os = require('node:os')
const express = require('express')

const app = express()
app.disable('x-powered-by')

app.get('/', (request, response) => {
  response.json({ message: 'Hello from a container', host: os.hostname(), user: os.userInfo().username })
})

app.get('/health', (request, response) => {
  response.json({ status: 'ok', uptime: process.uptime() })
})

module.exports = app

if (require.main === module) {
  const port = Number(process.env.PORT || 3000)
  const server = http.createServer(app).listen(port, () => console.log(`listening on port ${port}`))
  // As PID 1, node gets no default action for signals: without this, "tug stop" would wait its ten seconds out.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => server.close(() => process.exit(0)))
  }
}
