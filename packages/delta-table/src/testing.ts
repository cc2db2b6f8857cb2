export { ReferenceSession } from './reference-session.js'
