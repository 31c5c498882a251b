import { Download } from 'lucide-react'

import { base } from '../lib/facts'
import { Button } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { texts } from './texts'
import { asked, type View } from './view'

const said = texts.exported

/** Takes the view's rows out, as a file. */
export function Export({ view }: { view: View }) {
  const take = (format: 'csv' | 'jsonl') => {
    const query = new URLSearchParams({ ...asked(view, Date.now()), format })
    window.location.assign(`${base}/api/ui/requests/export?${query}`)
  }
  return (
    <Menu
      label={said.label}
      trigger={
        <Button>
          <Download aria-hidden="true" className="size-4" />
          {said.label}
        </Button>
      }
      items={[
        { label: said.csv, onSelect: () => take('csv') },
        { label: said.jsonl, onSelect: () => take('jsonl') },
      ]}
    />
  )
}
