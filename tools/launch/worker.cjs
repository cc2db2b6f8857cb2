// A worker thread of the app.
module.exports = require('./launch.cjs')('worker').exports
