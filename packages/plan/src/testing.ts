export { interpretPlan } from './interpret-plan.js'
