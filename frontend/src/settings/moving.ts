/** A bundle, out of this service and into it. */

import { useMutation, useQueryClient } from '@tanstack/react-query'

import { api, ask } from '../api/client'
import { say } from '../lib/messages'
import { download } from './download'
import { texts } from './texts'

const ISO_DAY = 10 // characters

/** As the command line names the file. */
const fileName = () =>
  `codex-lb-${new Date().toISOString().slice(0, ISO_DAY).replaceAll('-', '')}.bundle`

export function useExport() {
  return useMutation({
    mutationFn: async (body: { passphrase: string; withHistory: boolean }) => {
      download(fileName(), await ask(api.POST('/api/bundle/export', { body, parseAs: 'blob' })))
    },
    onSuccess: () => say(texts.data.exported),
  })
}

type Wanted = { file: File; passphrase: string; dryRun: boolean; skipInvalid: boolean }

export function useImport() {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: ({ file, passphrase, dryRun, skipInvalid }: Wanted) => {
      const form = new FormData()
      form.append('file', file)
      form.append('passphrase', passphrase)
      form.append('dry_run', String(dryRun))
      form.append('skip_invalid', String(skipInvalid))
      // The description knows a file as a string; what is sent is the form.
      const body = { file: file.name, passphrase }
      return ask(api.POST('/api/bundle/import', { body, bodySerializer: () => form }))
    },
    onSuccess: ({ dryRun }) => (dryRun ? undefined : cache.invalidateQueries()),
  })
}
