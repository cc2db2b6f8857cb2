const shown = '••••'
/** Shorter text would be found in half of what is written. */
export const leastSecretLength = 4

/** Secrets that this process knows, so that nothing that it writes shows one: in whatever form text carries it. */
export class SecretMask {
  readonly #forms = new Set<string>()

  hide(secret: string): void {
    if (secret.length < leastSecretLength) return
    const base64 = Buffer.from(secret).toString('base64')
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      base64,
      base64.replace(/=+$/, ''),
    ]
    for (const form of forms) if (form.length >= leastSecretLength) this.#forms.add(form)
  }

  /** The text without secrets. */
  mask(text: string): string {
    let masked = text
    for (const form of this.#forms) if (masked.includes(form)) masked = masked.replaceAll(form, shown)
    return masked
  }

  /** Plain data without secrets, in keys and in values. */
  maskData<T>(value: T): T {
    if (this.#forms.size === 0) return value
    return this.#maskValue(value) as T
  }

  #maskValue(value: unknown): unknown {
    if (typeof value === 'string') return this.mask(value)
    if (Array.isArray(value)) return value.map((member) => this.#maskValue(member))
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [this.mask(key), this.#maskValue(member)]))
  }
}

/** That of this process. */
export const secretMask = new SecretMask()

/** What tells who somebody is, where text is sent to others: e-mail addresses, and numbers as long as those of phones and cards. */
export const maskPersons = (text: string): string =>
  text
    .replaceAll(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, (address) => `${address[0]!}•••@•••`)
    .replaceAll(/(?<![\w./:-])\+?\d[\d ()-]{8,}\d(?![\w/:-])/g, '•••')
