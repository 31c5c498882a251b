import { number } from '../lib/format'
import { catalogue } from '../lib/texts'

const accounts = (count: number) => (count === 1 ? '1 account' : `${number(count)} accounts`)

export const texts = catalogue({
  en: {
    title: 'Add an account',
    again: 'Sign in again',
    only: 'Only this account is signed in; anybody else changes nothing.',
    ways: 'Ways to sign in',
    way: { browser: 'Browser', device: 'Device code', import: 'Import' },
    waiting: 'Waiting for the sign-in…',
    startAgain: 'Start again',
    instead: { browser: 'Use the browser instead', device: 'Use a device code instead' },

    browser: {
      text: 'Sign in to ChatGPT in a new tab. This page notices when you are done.',
      open: 'Open the sign-in',
      far: 'This page is not on the machine of codex-lb, so the browser ends at an address that it cannot open. Copy that address, and paste it here. Or use a device code.',
      help: 'The browser does not come back?',
      helpText:
        'Then it ends at a page it cannot open, whose address begins with http://localhost. Copy that whole address from the address bar, and paste it here. Twice does no harm.',
      pasted: 'Address that the browser ended at',
      finish: 'Finish the sign-in',
      empty: 'Paste the address first.',
    },

    device: {
      text: 'Open the address below on any device, sign in to ChatGPT, and type in this code.',
      code: 'Code',
      copyCode: 'Copy the code',
      copyLink: 'Copy the address',
      open: 'Open the page',
      share: 'Share',
      shared: (url: string, code: string) => `Open ${url} and type in ${code}`,
      expires: (left: string) => `The code expires in ${left}`,
      expired: 'The code has expired',
      warning: 'Enter the code only at this address, and give it to nobody.',
    },

    import: {
      text: 'Sign-ins that Codex CLI has stored: auth.json, in the folder .codex of its user.',
      once: 'A sign-in works in one place only. Do not import one that a Codex CLI goes on using.',
      drop: 'Drop files or a folder here',
      files: 'Choose files',
      folder: 'Choose a folder',
      paste: 'Or paste what is in such a file',
      check: 'Check it',
      empty: 'Paste the text first.',
      pasteName: 'pasted text',
      nothing: 'There is no file among these that could be a sign-in.',
      passedOver: (count: number) =>
        count === 1
          ? '1 file was passed over: no JSON, too large, or one too many.'
          : `${number(count)} files were passed over: no JSON, too large, or too many.`,
      preview: 'What would be imported',
      results: 'What was imported',
      columns: { file: 'File', account: 'Account', state: 'What happens' },
      states: {
        valid: 'New',
        replaces: 'Replaces its sign-in',
        invalid: 'Invalid',
        added: 'Added',
        replaced: 'Signed in anew',
      },
      send: (count: number) => `Import ${accounts(count)}`,
      none: 'None of these can be imported.',
      others: 'Choose others',
      unchanged: 'Nothing has been imported yet.',
    },

    done: {
      signedIn: 'is signed in.',
      anew: 'is signed in again.',
      unnamed: 'The account',
      imported: (added: number, replaced: number) =>
        [
          added > 0 && `${accounts(added)} added.`,
          replaced > 0 && `${accounts(replaced)} signed in anew.`,
          added + replaced === 0 && 'Nothing was imported.',
        ]
          .filter(Boolean)
          .join(' '),
      next: 'No client has sent a request yet. Connect one next.',
      connect: 'Connect a client',
      another: 'Add another',
      done: 'Done',
    },
  },
})
