import { ExternalLink } from 'lucide-react'

/** The main thing to do, in a new tab. */
export function OutLink({ href, children }: { href: string; children: string }) {
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer"
      className="inline-flex h-8 touch:h-11 items-center gap-1.5 rounded border border-accent bg-accent px-3 font-medium text-on-accent hover:opacity-90"
    >
      <ExternalLink aria-hidden="true" className="size-4" />
      {children}
    </a>
  )
}
