import { catalogue } from '../lib/texts'

export const texts = catalogue({
  en: {
    title: 'Connect',
    noAccounts: 'There is no account in the pool yet, so every request would be refused.',
    addAccount: 'Add an account',
    client: 'Client',
    configuration: 'Configuration',
    address: 'Address',
    addressHint: 'Where the client finds codex-lb',
    places: {
      page: (url: string) => `${url} (this page)`,
      local: (url: string) => `${url} (its own machine)`,
    },
    model: 'Model',
    key: 'API key',
    noKey: 'No key',
    noKeyYet: 'none yet',
    newKey: 'New key',
    keyNamed: (name: string, prefix: string) => `${name} (${prefix}…)`,
    keyIs: {
      none: (variable: string) =>
        `Key checking is off, so programs on this machine need no key. Most clients insist on one: any text in ${variable} does.`,
      missing: 'A client at this address must show a key. Create one for it.',
      fresh: (variable: string) =>
        `Its secret stands below, in ${variable}. This is the only time it is shown.`,
      key: (variable: string) =>
        `Its secret was shown once and is not kept here. The client reads it from ${variable}: set that where the client runs, or create a new key.`,
    },
    write: 'Or let codex-lb write it and try it out, where it is installed',
    first: 'A first request',
    sheet: {
      title: 'A key for this client',
      name: 'Name',
      hint: 'Whose, or for what: “laptop”, “CI”. Budgets and limits are set on the page of keys.',
      missing: 'A key needs a name.',
      send: 'Create',
    },

    seen: {
      title: 'Requests that arrive',
      waiting: 'Waiting for your first request…',
      next: 'Waiting for the next request…',
      from: (client: string, model: string) => `Received from ${client}: ${model}`,
      firstToken: (took: string) => `first token after ${took}`,
      states: {
        serving: 'Served',
        cooling: 'Running',
        paused: 'Cancelled',
        failed: 'Failed',
        low: '',
      },
      code: (code: string) => `(${code})`,
      mend: 'Mend it',
    },

    turnedAway: {
      title: 'Turned away at the door',
      status: (status: number) => `Refused (${status})`,
      who: (client: string, address: string, path: string) =>
        `${client || 'A client without a name'}${address && ` from ${address}`}, for ${path}`,
      advice: {
        invalid_api_key:
          'Set the right key where the client runs, or create one for it on this page.',
        model_not_allowed: 'Choose another model, or allow it to the key.',
        not_found: 'Compare the client’s base URL with the one on this page.',
        cross_site_request: 'A page of another site in a browser sent it.',
      } as Record<string, string>,
    },

    advice: {
      cancelled: 'The client went away before the answer was complete.',
      unknown: 'The request failed without a reason. It has more on its own page.',
      accounts:
        'It arrived, but no account can serve: each is paused, signed out or deactivated. See what they need.',
      quota:
        'It arrived, but the quota of every account that could serve it is used up. See when it is back.',
      limit:
        'It arrived, but a limit is reached just now: a budget of its API key, or every account is busy.',
      model: 'It arrived, but no account has this model. Choose another one above.',
      length: 'The conversation is too long for this model. Compact it, or begin a new one.',
      history:
        'The conversation refers to what only another account can read. Begin a new conversation.',
      upstream: 'ChatGPT failed, on every account that was tried. Try it again.',
      interrupted: 'codex-lb was stopped while it answered. Send it again.',
    },

    trouble: {
      title: 'Nothing arrives?',
      why: 'What never reaches codex-lb cannot be shown here. What the client shows tells why:',
      rows: (variable: string, base: string) => [
        [
          'Connection refused, or no answer',
          `Nothing is at that address. Compare it with the base URL, ${base}. From another machine it takes an address that leads here: codex-lb listens on its own machine only, unless CODEX_LB_HOST is set.`,
        ],
        [
          `${variable} is missing or not set`,
          'The client asks nobody without it. Set it in the very shell, service or editor that starts the client.',
        ],
        [
          'An answer, but nothing arrives here',
          'The client still asks somebody else. It reads its configuration when it starts: start it anew, and look for another provider, profile or file that comes first.',
        ],
        [
          'A page of HTML, or another program’s error',
          'Something else answers at that address, or a proxy on the way does not pass this path on.',
        ],
        [
          'A certificate or TLS error',
          'codex-lb speaks plain HTTP. Only a proxy in front of it has an address that begins with https.',
        ],
      ],
    },
  },
})
