import { invalidOption } from '@deltaworks/cli'

/** A parser of a version option. @throws UsageError DW-CLI-0001 */
export const parseVersion =
  (option: string) =>
  (text: string): number => {
    if (!/^\d{1,15}$/.test(text)) throw invalidOption(option, text, 'give a whole number')
    return Number(text)
  }
