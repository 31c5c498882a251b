import { Tooltip as Radix } from 'radix-ui'
import type { ReactElement } from 'react'

type Props = { text: string; children: ReactElement }

/** Says again what the label says, or more; never the only place of something that matters. */
export function Tooltip({ text, children }: Props) {
  return (
    <Radix.Provider delayDuration={400}>
      <Radix.Root>
        <Radix.Trigger asChild>{children}</Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            sideOffset={6}
            collisionPadding={8}
            className="z-50 max-w-72 rounded bg-text px-2 py-1 text-xs text-bg shadow-over"
          >
            {text}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  )
}
