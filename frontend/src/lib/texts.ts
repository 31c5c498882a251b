/**
 * The catalogues of texts: each screen has its own `texts.ts`, made here.
 *
 * To add a language, add it to `LANGUAGES`; the type check then names every catalogue that lacks it.
 */

export const LANGUAGES = ['en'] as const

export type Language = (typeof LANGUAGES)[number]

export const language: Language = 'en'

export function catalogue<T>(languages: Record<Language, T>): T {
  return languages[language]
}

/** What more than one screen says. */
export const common = catalogue({
  en: {
    product: 'codex-lb',
    cancel: 'Cancel',
    close: 'Close',
    save: 'Save',
    delete: 'Delete',
    retry: 'Retry',
    undo: 'Undo',
    copy: 'Copy',
    copied: 'Copied',
    copyFailed: 'Could not copy: select the text and copy it by hand',
    more: 'More',
    loading: 'Loading',
    never: 'never',
    none: 'none',
    running: 'Running',
    outcomes: {
      served: 'Served',
      recovered: 'Served on retry',
      client_error: 'Client error',
      upstream_error: 'Upstream error',
      refused: 'Refused for quota',
      cancelled: 'Cancelled',
    },
    left: (percent: string) => `${percent} left`,
    asOf: (time: string) => `as of ${time}`,
    requestId: (id: string) => `Request ${id}`,
    offline: 'The service does not answer.',
    clients: {
      codex: 'Codex CLI',
      opencode: 'OpenCode',
      openclaw: 'OpenClaw',
      sdk: 'Python SDK',
      typescript: 'TypeScript SDK',
      curl: 'curl',
    },
    limits: {
      kinds: {
        cost_usd: 'Cost',
        total_tokens: 'Tokens',
        input_tokens: 'Input tokens',
        output_tokens: 'Output tokens',
      },
      windows: {
        '5h': 'per 5 hours',
        daily: 'per day',
        '7d': 'per 7 days',
        weekly: 'per week',
        monthly: 'per month',
      },
      rule: (kind: string, window: string, model: string | null) =>
        `${kind} ${window}${model ? `, ${model}` : ''}`,
      usedOf: (used: string, most: string) => `${used} of ${most} used`,
      resets: (until: string) => `resets in ${until}`,
    },
    inFile: (path: string) => `In ${path}`,
    inProgram: 'In your program',
    inTerminal: 'In the terminal',
    typeToConfirm: (name: string) => `Type ${name} to confirm`,
  },
})
