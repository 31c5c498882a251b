import { useEffect, useRef, useState } from 'react'

import { useNow } from '../lib/now'
import { useParams } from '../lib/useParams'
import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import type { Sort } from '../ui/Table'
import { AccountTable } from './AccountTable'
import { useActions } from './changes'
import type { Account, State } from './state'
import { Bulk, Filters } from './Toolbar'
import { texts } from './texts'
import { grouped, inOrder, matching, PARAMS, type SortBy, sorted, type View } from './view'

type Props = {
  all: readonly Account[]
  from: string | null // the account that was open just before
  hrefOf: (account: Account) => string
  onOpen: (account: Account) => void
  onSignIn: (account: Account) => void
}

/** Filters, or what acts on the selection, and the accounts that fit. */
export function List({ all, from, hrefOf, onOpen, onSignIn }: Props) {
  const now = useNow()
  const [view, change] = useParams(PARAMS)
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const actions = useActions()
  const { rows, hold } = useStillRows(all, view, now)
  const chosen = all.filter(({ accountId }) => selected.has(accountId))
  useFocusOn(from)

  function select({ accountId }: Account, on: boolean) {
    const next = new Set(selected)
    if (on) next.add(accountId)
    else next.delete(accountId)
    setSelected(next)
  }

  const sort = view.sort === 'added' ? undefined : { key: view.sort, descending: view.desc }
  const onSort = ({ key, descending }: Sort) => change({ sort: key as SortBy, desc: descending })
  return (
    <>
      {chosen.length > 0 ? (
        <Bulk
          chosen={chosen}
          shown={rows.length}
          actions={actions}
          onAll={() => setSelected(new Set(rows.map(({ accountId }) => accountId)))}
          onClear={() => setSelected(new Set())}
        />
      ) : (
        <Filters view={view} shown={texts.shown(rows.length, all.length)} onChange={change} />
      )}
      {rows.length === 0 && (
        <EmptyState
          text={texts.noMatch}
          action={<Button onClick={() => change({ q: '', state: 'all' })}>{texts.clear}</Button>}
        />
      )}
      <div
        className="grid grid-cols-1 gap-5"
        onPointerEnter={() => hold(true)}
        onPointerLeave={() => hold(false)}
      >
        {grouped(rows, view.group, now).map((group) => (
          <section key={group.name} aria-label={nameOf(group.name, view)}>
            {view.group !== 'none' && (
              <h2 className="mb-2 font-semibold">
                {nameOf(group.name, view)}{' '}
                <span className="font-normal text-muted tabular">{group.rows.length}</span>
              </h2>
            )}
            {group.rows.length > 0 && (
              <AccountTable
                label={nameOf(group.name, view)}
                rows={group.rows}
                selected={selected}
                sort={sort}
                actions={actions}
                initial={from}
                onSelect={select}
                hrefOf={hrefOf}
                onOpen={onOpen}
                onSignIn={onSignIn}
                onSort={onSort}
              />
            )}
          </section>
        ))}
      </div>
    </>
  )
}

function nameOf(group: string, view: View): string {
  if (view.group === 'none') return texts.title
  if (view.group === 'state') return texts.states[group as State]
  return group || texts.noWorkspace
}

/** Sorted by what changes, rows keep their places while the pointer is over them. */
function useStillRows(all: readonly Account[], view: View, now: number) {
  const [isHeld, hold] = useState(false)
  const order = useRef<{ by: string; ids: string[] }>({ by: '', ids: [] })
  const by = `${view.sort} ${view.desc} ${view.group}`
  const fitting = all.filter((account) => matching(account, view, now))
  const rows =
    isHeld && order.current.by === by
      ? inOrder(fitting, order.current.ids)
      : sorted(fitting, view, now)
  useEffect(() => {
    order.current = { by, ids: rows.map(({ accountId }) => accountId) }
  })
  return { rows, hold }
}

/** Back from an account, the focus is where it was. */
function useFocusOn(from: string | null) {
  useEffect(() => {
    if (from === null) return
    document.querySelector<HTMLElement>('[role=grid] tbody [role=row][tabindex="0"]')?.focus()
  }, [from])
}
