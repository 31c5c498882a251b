/** What can be found among the settings, and where it stands. Pure. */

import { entries } from '../lib/entries'
import { FIELDS, type Section } from './fields'
import { texts } from './texts'

/** `id`: of its row in the section. */
export type Entry = { id: string; section: Section; label: string; help: string }

const OTHERS: Record<keyof typeof texts.others, Section> = {
  theme: 'general',
  clock: 'general',
  privacy: 'general',
  shortcuts: 'general',
  password: 'security',
  codes: 'security',
  sessions: 'security',
  models: 'models',
  backup: 'data',
  move: 'data',
  audit: 'audit',
  about: 'about',
  diagnostics: 'about',
  networks: 'access',
}

export const ENTRIES: readonly Entry[] = [
  ...entries(OTHERS).map(([id, section]) => {
    const { label, help } = texts.others[id]
    return { id, section, label, help }
  }),
  ...entries(FIELDS).map(([id, { section }]) => {
    const { label, help } = texts.fields[id]
    return { id, section, label, help }
  }),
  ...entries(texts.variables).map(([id, help]) => {
    const section: Section = 'environment'
    return { id, section, label: id, help }
  }),
]

/** Those that have every word; a word in the label counts more than one in the explanation. */
export function find(all: readonly Entry[], typed: string): Entry[] {
  const parts = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const rank = ({ label }: Entry) =>
    parts.filter((part) => label.toLowerCase().includes(part)).length
  return all
    .filter((entry) => {
      const text =
        `${entry.label} ${entry.help} ${entry.id} ${texts.sections[entry.section]}`.toLowerCase()
      return parts.every((part) => text.includes(part))
    })
    .sort((one, other) => rank(other) - rank(one))
}
