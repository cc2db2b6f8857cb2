import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly user: string | undefined
  readonly to: readonly string[]
  /** As it came: headers and body, quoted-printable decoded. */
  readonly text: string
}

/** A mail server on this machine that keeps what it gets: for tests. */
export class MailReceiver {
  readonly mails: ReceivedMail[] = []
  readonly #server: SMTPServer

  private constructor(password: string) {
    this.#server = new SMTPServer({
      authOptional: true,
      allowInsecureAuth: true,
      hideSTARTTLS: true,
      logger: false,
      onAuth: ({ username, password: given }, _session, done) =>
        given === password ? done(null, { user: username }) : done(new Error('wrong password')),
      onData: (stream, session, done) => {
        const parts: Buffer[] = []
        stream.on('data', (part: Buffer) => parts.push(part))
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address)
          this.mails.push({ user: session.user, to, text: decoded(Buffer.concat(parts).toString('utf8')) })
          done()
        })
      },
    })
    this.#server.on('error', () => undefined)
  }

  static async start(password = 'mail-password'): Promise<MailReceiver> {
    const receiver = new MailReceiver(password)
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', () => resolve()))
    return receiver
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

/** Quoted-printable and encoded words as UTF-8 text. */
function decoded(mail: string): string {
  const bytes = (text: string): string =>
    Buffer.from(
      text.replaceAll(/=([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
      'latin1',
    ).toString('utf8')
  return bytes(
    mail
      .replaceAll(/=\?UTF-8\?B\?([^?]*)\?=\s*/gi, (_, word: string) => Buffer.from(word, 'base64').toString('latin1'))
      .replaceAll(/=\?UTF-8\?Q\?([^?]*)\?=\s*/gi, (_, word: string) => word.replaceAll('_', ' '))
      .replaceAll('=\r\n', ''),
  )
}
