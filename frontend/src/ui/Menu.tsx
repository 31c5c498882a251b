import type { LucideIcon } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ReactElement } from 'react'

import { classes } from '../lib/classes'

export type MenuItem =
  | {
      label: string
      icon?: LucideIcon
      danger?: boolean
      disabled?: string // why it cannot be done now
      checked?: boolean // of those that are switched on and off
      onSelect: () => void
    }
  | 'line'

type Props = { trigger: ReactElement; items: readonly MenuItem[]; label: string }

const ITEM =
  'flex min-h-8 touch:min-h-11 items-center gap-2 rounded px-2 outline-none select-none data-highlighted:bg-soft data-disabled:opacity-60'

/** Opens at its trigger, a button with a name of its own. */
export function Menu({ trigger, items, label }: Props) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal container={landmark()}>
        <Radix.Content
          aria-label={label}
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="z-50 min-w-44 rounded border border-line bg-card p-1 shadow-over"
        >
          {items.map((item, index) =>
            item === 'line' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else
              <Radix.Separator key={index} className="my-1 h-px bg-line" />
            ) : (
              <Item key={item.label} item={item} />
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** Where a screen reader looks for it: in the dialog that is open, else in the page's content. */
function landmark(): Element | null {
  return document.querySelector('[role="dialog"]') ?? document.getElementById('content')
}

function Item({ item }: { item: Exclude<MenuItem, 'line'> }) {
  const { icon: Icon, label, disabled, checked } = item
  const props = {
    className: classes(ITEM, item.danger && 'text-failed'),
    disabled: disabled !== undefined,
    onSelect: item.onSelect,
  }
  const content = (
    <>
      {Icon && <Icon aria-hidden="true" className="size-4 shrink-0" />}
      <span className="grow">
        {label}
        {disabled && <span className="block text-xs text-muted">{disabled}</span>}
      </span>
      {checked && <span aria-hidden="true">✓</span>}
    </>
  )
  if (checked === undefined) return <Radix.Item {...props}>{content}</Radix.Item>
  return (
    <Radix.CheckboxItem {...props} checked={checked}>
      {content}
    </Radix.CheckboxItem>
  )
}
