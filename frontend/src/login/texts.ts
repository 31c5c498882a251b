import { catalogue } from '../lib/texts'

export const texts = catalogue({
  en: {
    product: 'codex-lb',
    titles: {
      token: 'Set up this service',
      secure: 'Secure this service',
      password: 'Sign in',
      code: 'One-time code',
    },
    intros: {
      token:
        'No password is set yet. From another machine, setting the first one takes the set-up token that stands in the log of the service.',
      secure:
        'Without a password, only programs on this machine can look after the service. Set one to reach it from elsewhere, too.',
      password: '',
      code: 'Enter the code that your authenticator shows, or one of your recovery codes.',
    },
    sends: {
      token: 'Set password',
      secure: 'Set password',
      password: 'Sign in',
      code: 'Continue',
    },
    fields: {
      token: 'Set-up token',
      newPassword: 'New password',
      repeated: 'The same again',
      password: 'Password',
      code: 'Code',
    },
    passwordHint: (least: number) => `At least ${least} characters`,
    tooShort: (least: number) => `At least ${least} characters are needed.`,
    different: 'The two passwords are not the same.',
    noToken:
      'There is no valid set-up token: it is good for 30 minutes. A restart of the service prints a new one.',
    onlyHere: 'Only this machine, for now',
    theme: 'Theme',
    busy: 'One moment',
  },
})
