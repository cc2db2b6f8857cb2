import { createRequire } from 'node:module'
import type * as Nodemailer from 'nodemailer'
import { clientOptions, loadAwsClient } from '../aws-client.js'
import { notDelivered, reasonOf } from '../errors.js'
import { resolveSecret } from '../secrets/resolve-secret.js'
import type { SecretMask } from '../secrets/secret-mask.js'
import type { AlertChannel } from './alert-channel.js'
import type { AlertMessage } from './alert-message.js'
import { renderMail, renderSlack, renderText, renderWebhook } from './render-alert.js'

const timeoutMs = 10_000
/** What an SNS subject may have. */
const longestSnsSubject = 100

/**
 * Sends a message to a channel, once.
 * @throws TelemetryError DW-TELEMETRY-0005 if the channel did not take it, and what fetching its secrets throws
 */
export async function sendAlert(
  name: string,
  channel: AlertChannel,
  message: AlertMessage,
  mask: SecretMask,
): Promise<void> {
  try {
    await send(channel, message, mask)
  } catch (error) {
    if ((error as { readonly code?: string }).code?.startsWith('DW-') === true) throw error
    throw notDelivered(name, reasonOf(error), error)
  }
}

function send(channel: AlertChannel, message: AlertMessage, mask: SecretMask): Promise<void> {
  switch (channel.kind) {
    case 'smtp':
      return sendMail(channel, message, mask)
    case 'ses':
      return sendBySes(channel, message)
    case 'slack':
      return post(channel.url, {}, renderSlack(message), mask)
    case 'sns':
      return publishToTopic(channel, message)
    case 'webhook':
      return post(channel.url, channel.headers ?? {}, renderWebhook(message), mask)
  }
}

type Channel<Kind extends AlertChannel['kind']> = Extract<AlertChannel, { kind: Kind }>

async function sendMail(channel: Channel<'smtp'>, message: AlertMessage, mask: SecretMask): Promise<void> {
  const { host, port = 587, encryption = 'required', user, password, from, to } = channel
  const { createTransport } = createRequire(import.meta.url)('nodemailer') as typeof Nodemailer
  const pass = password === undefined ? undefined : await resolveSecret(password, mask)
  const transport = createTransport({
    host,
    port,
    // Port 465 speaks TLS from the first byte; elsewhere STARTTLS is asked for.
    secure: encryption === 'required' && port === 465,
    requireTLS: encryption === 'required' && port !== 465,
    ignoreTLS: encryption === 'none',
    ...(user === undefined ? {} : { auth: { user, pass: pass ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: message.subject,
      text: renderText(message),
      html: renderMail(message),
      headers: { 'Auto-Submitted': 'auto-generated' },
    })
  } finally {
    transport.close()
  }
}

async function sendBySes(channel: Channel<'ses'>, message: AlertMessage): Promise<void> {
  const { SESv2Client, SendEmailCommand } = loadAwsClient('@aws-sdk/client-sesv2')
  const client = new SESv2Client(clientOptions(channel))
  const utf8 = (text: string) => ({ Data: text, Charset: 'UTF-8' })
  try {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: channel.from,
        Destination: { ToAddresses: [...channel.to] },
        Content: {
          Simple: {
            Subject: utf8(message.subject),
            Body: { Text: utf8(renderText(message)), Html: utf8(renderMail(message)) },
          },
        },
      }),
    )
  } finally {
    client.destroy()
  }
}

async function publishToTopic(channel: Channel<'sns'>, message: AlertMessage): Promise<void> {
  const { SNSClient, PublishCommand } = loadAwsClient('@aws-sdk/client-sns')
  const client = new SNSClient(clientOptions(channel))
  // A subject is ASCII; its mark is left out.
  const subject = message.subject
    .replaceAll(/[^\x20-\x7e]/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
  try {
    await client.send(
      new PublishCommand({
        TopicArn: channel.topic,
        Subject: subject.slice(0, longestSnsSubject),
        Message: renderText(message),
        MessageAttributes: {
          severity: { DataType: 'String', StringValue: message.items[0]?.state ?? 'recovered' },
          environment: { DataType: 'String', StringValue: message.place.environment },
        },
      }),
    )
  } finally {
    client.destroy()
  }
}

async function post(
  reference: Channel<'webhook'>['url'],
  headers: NonNullable<Channel<'webhook'>['headers']>,
  body: object,
  mask: SecretMask,
): Promise<void> {
  const url = await resolveSecret(reference, mask)
  const resolved: Record<string, string> = { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(headers)) resolved[name] = await resolveSecret(value, mask)
  const signal = AbortSignal.timeout(timeoutMs)
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: resolved, signal }).catch(
    (error: unknown) => {
      // The error of fetch quotes the URL; its cause has the code.
      const { cause, name } = error as { readonly cause?: { readonly code?: string }; readonly name?: string }
      throw Object.assign(new Error('no answer'), { code: cause?.code ?? name ?? 'no answer' })
    },
  )
  await response.body?.cancel()
  if (!response.ok) throw Object.assign(new Error('refused'), { code: `status ${response.status}` })
}
