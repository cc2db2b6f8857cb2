import { awsAnswer } from '../testing/aws-answers.js'
import { HttpReceiver } from '../testing/http-receiver.js'
import { MailReceiver } from '../testing/mail-receiver.js'
import { SecretMask } from '../secrets/secret-mask.js'
import { alertMessage, type AlertPlace, type Notice } from './alert-message.js'
import { renderMail, renderSlack, renderText } from './render-alert.js'
import { sendAlert } from './send-alert.js'

const place: AlertPlace = {
  lakehouse: 'retail',
  environment: 'prod',
  runId: '20260131T060000000Z',
  root: 's3://lake/prod',
  report: 'https://reports.example/run-20260131.html',
  runbooks: 'https://wiki.example/{rule}',
  nowMs: Date.UTC(2026, 0, 31, 6),
}
const failure: Notice = {
  kind: 'opened',
  alert: {
    key: 'failure:build fact_transactions',
    rule: 'failure',
    severity: 'critical',
    title: 'build fact_transactions failed: DW-STORAGE-0003',
    detail: 'The store did not answer to hunter2-secret; ask jane.doe@shop.example or +44 20 7946 0958. <b>',
    runbook: null,
    sinceMs: place.nowMs - 3 * 3_600_000,
  },
}
const slow: Notice = {
  kind: 'reminder',
  alert: {
    ...failure.alert,
    key: 'slow:x',
    rule: 'slow',
    severity: 'warning',
    title: 'check customers took 9.0 s, usually 2.0 s',
    detail: '',
    runbook: 'https://own.example',
  },
}
const recovered: Notice = { ...failure, kind: 'recovered' }

describe('alert messages', () => {
  const mask = new SecretMask()
  mask.hide('hunter2-secret')

  it('O-15: one message, the worst first, short enough for a locked phone; no secret, nobody is told who somebody is', () => {
    const message = alertMessage([slow, failure], place, mask)
    expect(message.subject.length).toBeLessThanOrEqual(80)
    expect(message.subject).toMatch(/^🔴 build fact_transactions failed.*\(\+1\) · retail, prod$/)
    const text = renderText(message)
    expect(text).not.toMatch(/hunter2|jane|7946/)
    expect(text).toContain('Warning, still open, for 3 h')
    expect(text).toContain('What to do: https://wiki.example/failure')
    expect(text).toContain('What to do: https://own.example')
    expect(text).toContain('retail, prod · run 20260131T060000000Z · 2026-01-31 06:00 UTC')
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(200)
  })

  it('O-15: mail is one column without pictures or style sheets, and nothing of a message is markup in it', () => {
    const html = renderMail(alertMessage([failure, recovered], place, mask))
    expect(html).toContain('width=device-width')
    expect(html).not.toMatch(/<img|<style|<script|<b>|<table/)
    expect(html).toContain('&lt;b&gt;')
    expect(html).toMatch(/Recovered, for 3 h/)
    expect(JSON.stringify(renderSlack(alertMessage([failure], place, mask)))).toContain('&lt;b&gt;')
  })
})

describe('channels', () => {
  const mask = new SecretMask()
  const message = alertMessage([failure], place, mask)
  let http: HttpReceiver
  let mail: MailReceiver
  beforeAll(async () => {
    http = await HttpReceiver.start(awsAnswer())
    mail = await MailReceiver.start('mail-password')
    Object.assign(process.env, {
      TEST_MAIL_PASSWORD: 'mail-password',
      TEST_HOOK: `${http.url}/hook/T0K3N`,
      TEST_TOKEN: 'Bearer abcdefgh',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      AWS_REGION: 'us-east-1',
    })
  })
  afterAll(async () => {
    await http.close()
    await mail.close()
  })
  beforeEach(() => {
    http.requests.length = 0
  })

  it('O-15 M-095: e-mail arrives once at a mail server, with both forms, by the password that is referred to', async () => {
    const channel = {
      kind: 'smtp',
      host: '127.0.0.1',
      port: mail.port,
      encryption: 'none',
      user: 'bot',
      password: { variable: 'TEST_MAIL_PASSWORD' },
      from: 'lake@shop.example',
      to: ['a@shop.example', 'b@shop.example'],
    } as const
    await sendAlert('mail', channel, message, mask)
    expect(mail.mails).toHaveLength(1)
    expect(mail.mails[0]).toMatchObject({ user: 'bot', to: ['a@shop.example', 'b@shop.example'] })
    expect(mail.mails[0]!.text).toMatch(/Subject: 🔴 build fact_transactions failed/)
    expect(mail.mails[0]!.text).toContain('Content-Type: text/html')
    await expect(
      sendAlert('mail', { ...channel, password: { variable: 'TEST_HOOK' } }, message, mask),
    ).rejects.toMatchObject({
      code: 'DW-TELEMETRY-0005',
      message: expect.stringMatching(/"mail" \(EAUTH, status 535\)/) as string,
    })
    await expect(sendAlert('mail', { ...channel, encryption: 'required' }, message, mask)).rejects.toThrow(
      /ETLS|ESOCKET/,
    )
  })

  it('M-099: Slack, a webhook, SNS and SES get it once each, in their own form', async () => {
    await sendAlert('slack', { kind: 'slack', url: { variable: 'TEST_HOOK' } }, message, mask)
    await sendAlert(
      'hook',
      { kind: 'webhook', url: { variable: 'TEST_HOOK' }, headers: { authorization: { variable: 'TEST_TOKEN' } } },
      message,
      mask,
    )
    await sendAlert(
      'topic',
      { kind: 'sns', topic: 'arn:aws:sns:us-east-1:1:alerts', endpoint: http.url },
      message,
      mask,
    )
    await sendAlert(
      'ses',
      { kind: 'ses', from: 'lake@shop.example', to: ['a@shop.example'], endpoint: http.url },
      message,
      mask,
    )
    const [slack, hook, sns, ses] = http.requests
    expect(http.requests).toHaveLength(4)
    expect(JSON.parse(slack!.body)).toMatchObject({
      text: message.subject,
      blocks: [{ type: 'section' }, { type: 'context' }],
    })
    expect(hook!.headers.authorization).toBe('Bearer abcdefgh')
    expect(JSON.parse(hook!.body)).toMatchObject({
      environment: 'prod',
      alerts: [{ status: 'firing', severity: 'critical', key: 'failure:build fact_transactions' }],
    })
    const published = new URLSearchParams(sns!.body)
    expect(published.get('TopicArn')).toBe('arn:aws:sns:us-east-1:1:alerts')
    expect(published.get('Subject')).toMatch(/^[\x20-\x7e]{1,100}$/)
    expect(published.get('Message')).toContain('What to do')
    expect(ses!.path).toBe('/v2/email/outbound-emails')
    expect(JSON.parse(ses!.body)).toMatchObject({ Destination: { ToAddresses: ['a@shop.example'] } })
  })

  it('O-15: a channel that does not answer is named with a reason, and nothing else of it', async () => {
    process.env['TEST_NOWHERE'] = 'http://127.0.0.1:9/s3cr3t-path'
    await expect(
      sendAlert('team', { kind: 'slack', url: { variable: 'TEST_NOWHERE' } }, message, mask),
    ).rejects.toMatchObject({
      message: expect.not.stringMatching(/s3cr3t|127/) as string,
    })
    http.answer = () => ({ status: 500 })
    await expect(sendAlert('team', { kind: 'slack', url: { variable: 'TEST_HOOK' } }, message, mask)).rejects.toThrow(
      /status 500/,
    )
    http.answer = awsAnswer()
    await expect(
      sendAlert('team', { kind: 'slack', url: { variable: 'TEST_MISSING' } }, message, mask),
    ).rejects.toMatchObject({
      code: 'DW-TELEMETRY-0002',
      message: expect.stringContaining('environment variable TEST_MISSING') as string,
    })
  })
})
