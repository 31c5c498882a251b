import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useLocation, useParams as usePathParams } from 'wouter'

import { Loaded } from '../api/Loaded'
import { settings } from '../api/queries'
import { entries } from '../lib/entries'
import { text } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Card } from '../ui/Card'
import { EmptyState } from '../ui/EmptyState'
import { Input } from '../ui/Input'
import { Page } from '../ui/Page'
import { Select } from '../ui/Select'
import { About } from './About'
import { Access } from './Access'
import { AuditLog } from './AuditLog'
import { Data } from './Data'
import { Found } from './Found'
import type { Document, Section } from './fields'
import { General } from './General'
import { Models } from './Models'
import { Routing } from './Routing'
import { Security } from './Security'
import { texts } from './texts'
import { Variables } from './Variables'

const SECTIONS = entries(texts.sections)
const PARAMS = { q: text() }
const toTop = () => window.scrollTo(0, 0)

/** The address says which section is shown, or what is looked for. */
export function Settings() {
  const { section = 'general' } = usePathParams<{ section?: string }>()
  const [, navigate] = useLocation()
  const [{ q }, change] = useParams(PARAMS)
  const query = useQuery(settings)
  const shown = SECTIONS.find(([name]) => name === section)?.[0]

  return (
    <Page
      title={texts.title}
      actions={
        <Input
          type="search"
          aria-label={texts.find}
          placeholder={texts.find}
          data-shortcut="/"
          value={q}
          onChange={({ target }) => change({ q: target.value })}
          className="w-56 max-w-full"
        />
      }
    >
      <div className="lg:grid lg:grid-cols-[11rem_minmax(0,48rem)] lg:items-start lg:gap-8">
        <Select
          aria-label={texts.section}
          value={shown ?? 'general'}
          options={SECTIONS}
          onChange={(next) => {
            navigate(`/settings/${next}`)
            toTop()
          }}
          className="mb-4 w-full lg:hidden"
        />
        <Sections shown={q ? undefined : shown} />
        {q ? (
          <Found words={q} onClear={() => change({ q: '' })} />
        ) : (
          <div className="grid grid-cols-1 gap-4">
            <Loaded query={query}>
              {(document) => (shown ? show(shown, document) : <EmptyState text={texts.unknown} />)}
            </Loaded>
          </div>
        )}
      </div>
    </Page>
  )
}

function Sections({ shown }: { shown: Section | undefined }) {
  return (
    <nav aria-label={texts.title} className="max-lg:hidden lg:sticky lg:top-16">
      <ul className="grid gap-0.5">
        {SECTIONS.map(([name, label]) => (
          <li key={name}>
            <Link
              href={`/settings/${name}`}
              onClick={toTop}
              aria-current={name === shown ? 'page' : undefined}
              className="flex min-h-8 touch:min-h-11 items-center rounded px-3 text-muted hover:bg-soft hover:text-text aria-[current=page]:bg-soft aria-[current=page]:font-medium aria-[current=page]:text-text"
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function show(section: Section, document: Document): ReactNode {
  switch (section) {
    case 'general':
      return <General />
    case 'security':
      return <Security document={document} />
    case 'routing':
      return <Routing document={document} />
    case 'access':
      return <Access document={document} />
    case 'environment':
      return (
        <Card title={texts.cards.environment}>
          <Variables variables={document.environment} />
        </Card>
      )
    case 'models':
      return <Models document={document} />
    case 'data':
      return <Data document={document} />
    case 'audit':
      return <AuditLog />
    case 'about':
      return <About document={document} />
  }
}
