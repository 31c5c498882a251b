import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'

import { classes } from '../lib/classes'
import { common } from '../lib/texts'
import { IconButton } from './IconButton'

export type ModalProps = {
  open: boolean
  onClose: () => void
  title: string
  description?: ReactNode
  children?: ReactNode
  footer?: ReactNode // buttons, the main one last
  returnTo?: () => HTMLElement | null // the focus, when it closes, if not to where it was
}

/** Rather than the button that closes, which comes first. */
function focusFirstField(event: Event): void {
  event.preventDefault()
  if (!(event.currentTarget instanceof HTMLElement)) return
  const field = event.currentTarget.querySelector<HTMLElement>('input, select, textarea')
  const first = field ?? event.currentTarget
  first.focus()
}

/** What opened it may be gone by now; from nowhere, Tab would begin at the very top. */
function focusPageIfNothing(): void {
  if (document.activeElement !== document.body) return
  document.querySelector('main')?.focus({ preventScroll: true })
}

/** What dialog and sheet have in common; `place` says where it stands. */
export function Modal(props: ModalProps & { place: string }) {
  const { open, onClose, title, description, children, footer, returnTo, place } = props
  return (
    <Radix.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-[rgb(10_12_16_/_50%)]" />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusFirstField}
          onCloseAutoFocus={(event) => {
            const next = returnTo?.()
            if (next) event.preventDefault()
            next?.focus()
            requestAnimationFrame(focusPageIfNothing)
          }}
          className={classes(
            'fixed z-40 flex flex-col border-line bg-card shadow-over focus:outline-none',
            place,
          )}
        >
          <div className="flex items-start gap-4 px-6 pt-5 pb-3">
            <div className="grow">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description && (
                <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton icon={X} label={common.close} className="-mt-1 -mr-2" />
            </Radix.Close>
          </div>
          <div className="min-h-0 grow overflow-y-auto px-6 pb-5">{children}</div>
          {footer && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-6 py-3">
              {footer}
            </div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
