// The app.
require('./launch.cjs')('main')
