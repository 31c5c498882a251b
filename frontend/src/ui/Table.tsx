import { ArrowDown, ArrowUp } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'

import { classes } from '../lib/classes'

export type Column<Row> = {
  key: string
  header: string
  cell: (row: Row) => ReactNode
  align?: 'end'
  /** Where it stands in a phone's row: its first line, or a line of its own, or nowhere. */
  phone?: 'start' | 'end' | 'line' | 'none'
  className?: string // of header and cells: a width, or from which page width it is shown
  hideHeader?: boolean
  sortable?: boolean
}

export type Sort = { key: string; descending: boolean }

type Props<Row> = {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  onOpen?: (row: Row) => void // click or Enter
  selected?: (row: Row) => boolean
  initial?: string | null // key of the row that Tab comes to first
  sort?: Sort | undefined
  onSort?: ((sort: Sort) => void) | undefined
  isDense?: boolean // many rows of one line, beneath heads that stay in sight
}

const PHONE = {
  start: 'max-md:order-1 max-md:basis-0 max-md:grow',
  end: 'max-md:order-2',
  line: 'max-md:order-3 max-md:basis-full',
  none: 'max-md:hidden',
} as const

/**
 * A grid of which one row has the focus: arrows, j and k move it, Enter opens, arrows to the sides
 * reach what a row holds. It is one stop of the Tab key.
 */
export function Table<Row>(props: Props<Row>) {
  const { label, columns, rows, rowKey, onOpen, selected, initial = null } = props
  const { sort, onSort, isDense = false } = props
  const [current, setCurrent] = useState(initial)
  const has = rows.some((row) => rowKey(row) === current)

  return (
    <table
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      className="w-full border-collapse max-md:block"
    >
      <thead className="max-md:sr-only">
        <tr role="row">
          {columns.map((column) => (
            <Header key={column.key} {...{ column, sort, onSort, isDense }} />
          ))}
        </tr>
      </thead>
      <tbody className="max-md:block">
        {rows.map((row, index) => {
          const key = rowKey(row)
          return (
            <tr
              key={key}
              role="row"
              data-row={key}
              aria-rowindex={index + 2}
              aria-selected={selected?.(row)}
              tabIndex={key === current || (!has && index === 0) ? 0 : -1}
              onFocus={() => setCurrent(key)}
              onKeyDown={(event) => onRowKey(event, () => onOpen?.(row))}
              onClick={(event) => {
                if (onOpen && !isControl(event.target, event.currentTarget)) onOpen(row)
              }}
              className={classes(
                'border-b border-line -outline-offset-2 last:border-0 hover:bg-soft aria-selected:bg-soft',
                'max-md:flex max-md:flex-wrap max-md:items-center max-md:gap-x-3 max-md:gap-y-1 max-md:px-4 max-md:py-2.5',
                onOpen && 'cursor-pointer',
                isDense && 'scroll-mt-22', // not beneath the heads
              )}
            >
              {columns.map((column) => (
                <td
                  key={column.key}
                  role="gridcell"
                  className={classes(
                    'min-w-0 first:pl-4 last:pr-4 max-md:h-auto max-md:!p-0',
                    isDense ? 'h-8 px-1.5 py-1 text-sm md:touch:h-11' : 'h-11 px-3 py-1.5',
                    column.align === 'end' && 'md:text-right tabular',
                    PHONE[column.phone ?? 'line'],
                    column.className,
                  )}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

type HeaderProps<Row> = Pick<Props<Row>, 'sort' | 'onSort' | 'isDense'> & { column: Column<Row> }

function Header<Row>({ column, sort, onSort, isDense }: HeaderProps<Row>) {
  const sorted = sort?.key === column.key
  const Arrow = sort?.descending ? ArrowDown : ArrowUp
  const direction = sort?.descending ? 'descending' : 'ascending'
  return (
    <th
      role="columnheader"
      scope="col"
      aria-sort={sorted ? direction : undefined}
      className={classes(
        'h-9 border-b border-line text-left text-sm font-medium whitespace-nowrap text-muted first:pl-4 last:pr-4',
        isDense ? 'z-10 bg-card px-1.5 shadow-[0_1px_0_var(--line)] md:sticky md:top-12' : 'px-3',
        column.align === 'end' && 'text-right',
        column.className,
      )}
    >
      {column.sortable && onSort ? (
        <button
          type="button"
          className="inline-flex items-center gap-1 rounded hover:text-text"
          onClick={() => onSort({ key: column.key, descending: sorted && !sort.descending })}
        >
          {column.header}
          {sorted && <Arrow aria-hidden="true" className="size-3.5" />}
        </button>
      ) : (
        <span className={column.hideHeader ? 'sr-only' : undefined}>{column.header}</span>
      )}
    </th>
  )
}

const CONTROLS = 'a[href], button, input, select'

/** Also what a menu of the row does, which stands elsewhere in the document. */
function isControl(target: EventTarget, row: HTMLElement): boolean {
  return (
    !(target instanceof Element) ||
    !row.contains(target) ||
    Boolean(target.closest(`${CONTROLS}, label`))
  )
}

function onRowKey(event: KeyboardEvent<HTMLTableRowElement>, open: () => void): void {
  const row = event.currentTarget
  if (!(event.target instanceof HTMLElement) || !row.contains(event.target)) return
  if (event.ctrlKey || event.metaKey || event.altKey) return
  switch (event.key) {
    case 'ArrowDown':
      focusRow(row.nextElementSibling)
      break
    case 'ArrowUp':
      focusRow(row.previousElementSibling)
      break
    case 'Home':
      focusRow(row.parentElement?.firstElementChild)
      break
    case 'End':
      focusRow(row.parentElement?.lastElementChild)
      break
    case 'ArrowRight':
      focusWithin(row, 1)
      break
    case 'ArrowLeft':
      focusWithin(row, -1)
      break
    case 'Enter':
      if (event.target !== row) return
      open()
      break
    default:
      return
  }
  event.preventDefault()
}

function focusRow(row: Element | null | undefined): void {
  if (row instanceof HTMLElement) row.focus()
}

/** The row itself comes before its controls. */
function focusWithin(row: HTMLElement, step: number): void {
  const stops = [row, ...row.querySelectorAll<HTMLElement>(CONTROLS)]
  const at = stops.findIndex((stop) => stop.matches(':focus'))
  stops[Math.min(stops.length - 1, Math.max(0, at + step))]?.focus()
}
