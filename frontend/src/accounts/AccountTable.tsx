import { useNow } from '../lib/now'
import { Checkbox } from '../ui/Checkbox'
import { type Column, type Sort, Table } from '../ui/Table'
import { AccountMenu } from './AccountMenu'
import { costOf, DayCell, NameCell, SignInCell, StateCell, WindowCell } from './Cells'
import type { Actions } from './changes'
import { type Account, longWindow, shortWindow, windowsOf } from './state'
import { texts } from './texts'

type Props = {
  label: string
  rows: readonly Account[]
  selected: ReadonlySet<string>
  sort: Sort | undefined
  actions: Actions
  initial: string | null
  onSelect: (account: Account, on: boolean) => void
  hrefOf: (account: Account) => string
  onOpen: (account: Account) => void
  onSignIn: (account: Account) => void
  onSort: (sort: Sort) => void
}

export function AccountTable(props: Props) {
  const {
    label,
    rows,
    selected,
    sort,
    actions,
    initial,
    hrefOf,
    onSelect,
    onOpen,
    onSignIn,
    onSort,
  } = props
  const now = useNow()
  const columns: Column<Account>[] = [
    {
      key: 'select',
      header: texts.columns.select,
      hideHeader: true,
      phone: 'none',
      className: 'w-11',
      cell: (account) => (
        <Checkbox
          label={texts.select(account.displayName)}
          hideLabel
          tabIndex={-1}
          data-shortcut="x"
          checked={selected.has(account.accountId)}
          onChange={(on) => onSelect(account, on)}
        />
      ),
    },
    {
      key: 'name',
      header: texts.columns.name,
      sortable: true,
      phone: 'start',
      className: 'max-md:basis-[45%]!',
      cell: (account) => <NameCell account={account} href={hrefOf(account)} />,
    },
    {
      key: 'state',
      header: texts.columns.state,
      sortable: true,
      phone: 'end',
      className: 'md:w-40 lg:w-46 max-md:max-w-[50%]',
      cell: (account) => <StateCell account={account} />,
    },
    {
      key: 'short',
      header: texts.columns.short,
      sortable: true,
      className: 'md:w-30 lg:w-34 max-md:basis-[40%]! max-md:grow',
      cell: (account) => <WindowCell kind="short" window={shortWindow(windowsOf(account, now))} />,
    },
    {
      key: 'long',
      header: texts.columns.long,
      sortable: true,
      className: 'md:w-34 lg:w-38 max-md:basis-[40%]! max-md:grow',
      cell: (account) => <WindowCell kind="weekly" window={longWindow(windowsOf(account, now))} />,
    },
    {
      key: 'inFlight',
      header: texts.columns.inFlight,
      sortable: true,
      align: 'end',
      phone: 'none',
      className: 'w-14 max-xl:hidden',
      cell: ({ activeStreams }) =>
        activeStreams > 0 && <span title={texts.running(activeStreams)}>{activeStreams}</span>,
    },
    {
      key: 'day',
      header: texts.columns.day,
      sortable: true,
      align: 'end',
      phone: 'none',
      className: 'w-20 xl:w-31 max-[70rem]:hidden',
      cell: (account) => <DayCell account={account} />,
    },
    {
      key: 'cost',
      header: texts.columns.cost,
      sortable: true,
      align: 'end',
      phone: 'none',
      className: 'w-21 max-xl:hidden',
      cell: costOf,
    },
    {
      key: 'signIn',
      header: texts.columns.signIn,
      sortable: true,
      phone: 'none',
      className: 'w-26 max-[88rem]:hidden',
      cell: (account) => <SignInCell account={account} />,
    },
    {
      key: 'policy',
      header: texts.columns.policy,
      sortable: true,
      phone: 'none',
      className: 'w-17 max-[88rem]:hidden',
      cell: ({ routingPolicy }) => texts.policies[routingPolicy].name,
    },
    {
      key: 'actions',
      header: texts.columns.actions,
      hideHeader: true,
      align: 'end',
      phone: 'none', // everything can be done where the row leads to
      className: 'w-13',
      cell: (account) => (
        <AccountMenu
          target={account}
          actions={actions}
          onOpen={() => onOpen(account)}
          onSignIn={() => onSignIn(account)}
        />
      ),
    },
  ]
  return (
    <div className="overflow-clip rounded border border-line bg-card text-sm [&_table]:table-fixed md:[&_:is(td,th)]:px-2">
      <Table
        label={label}
        columns={columns}
        rows={rows}
        rowKey={({ accountId }) => accountId}
        initial={initial}
        selected={({ accountId }) => selected.has(accountId)}
        sort={sort}
        onSort={onSort}
        onOpen={onOpen}
      />
    </div>
  )
}
