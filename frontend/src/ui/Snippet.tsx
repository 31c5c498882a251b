import { CopyButton } from './CopyButton'

type Props = { label: string; code: string }

/** Something to copy into a terminal or a file. */
export function Snippet({ label, code }: Props) {
  return (
    <figure className="rounded border border-line bg-soft">
      <figcaption className="flex items-center justify-between gap-2 border-b border-line pl-3 text-sm text-muted">
        <span className="min-w-0 py-1 break-words">{label}</span>
        <CopyButton text={code} />
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} className="max-h-96 overflow-auto p-3 font-mono text-sm -outline-offset-2">
        <code>{code}</code>
      </pre>
    </figure>
  )
}
