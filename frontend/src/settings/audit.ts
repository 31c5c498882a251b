/** The audit log in words. Pure. */

import { entries } from '../lib/entries'
import { FIELDS, read, shown } from './fields'
import { texts } from './texts'

const said = texts.audit
const ACTIONS = new Map<string, string>(entries(said.actions))
const ACTORS = new Map<string, string>(entries(said.actors))
const FIELD_NAMES = entries(FIELDS).map(([name]) => name)
const IN_FORCE = ['requestLogRetentionDays', 'usageHistoryRetentionDays'] // follow from others
const FAILED = '_failed'
const LONGEST = 200 // characters of details

/** An action that is new here by its own name. */
export function actionName(action: string): string {
  if (action.endsWith(FAILED)) return said.failed(actionName(action.slice(0, -FAILED.length)))
  return ACTIONS.get(action) ?? action.replaceAll('_', ' ')
}

export function actorName(actor: string, address: string | null): string {
  const name = ACTORS.get(actor) ?? actor
  return address ? said.from(name, address) : name
}

/** On what, and what was given: 'acc_1 · Never serve in fast mode: on'. */
export function detail(target: string | null, details: Record<string, unknown> | null): string {
  const given = Object.entries(details ?? {}).filter(([name]) => !IN_FORCE.includes(name))
  const told = given.map(([name, value]) => {
    const field = FIELD_NAMES.find((one) => one === name)
    return field
      ? `${texts.fields[field].label}: ${shown(field, read(value))}`
      : `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`
  })
  const whole = [...(target ? [target] : []), ...told].join(' · ')
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole
}
