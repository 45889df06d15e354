'use strict'

// What HEALTHCHECK runs: the image has no curl, and needs none.
fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health`)
  .then((response) => process.exit(response.ok ? 0 : 1))
  .catch(() => process.exit(1))
