// Forms of secrets that are known by sight: tokens of model vendors, code hosts, chats, clouds and monitoring services.

/**
 * Each begins with what its issuer puts there, at a boundary; what may hold words as well must hold a digit. No part
 * scans a long text again for each of its own beginnings.
 */
const FORMS = [
  // OpenAI, Anthropic, OpenRouter, Stripe, Langfuse
  String.raw`(?:sk|rk|pk)[-_](?=[\w-]{0,80}\d)[\w-]{16,}`,
  // GitHub, Groq, Hugging Face, npm, Replicate, Notion, Figma, Linear, DigitalOcean, Supabase, Docker, Stripe's webhooks
  String.raw`(?:gh[oprsu]|gsk|hf|npm|r8|ntn|figd|lin_api|dop_v1|sbp|dckr_pat|whsec|shp(?:at|ss|ca|pa)|sq0[a-z]{3})[-_][A-Za-z\d-]{16,}`,
  String.raw`(?:github_pat_|glpat-|gldt-|glrt-|glsa_|nvapi-|pplx-|xai-|tvly-|ctx7sk-|sntr[yu]s_|phc_|PMAK-|xkeysib-|GOCSPX-|pypi-|hv[sb]\.|dapi)[\w-]{16,}`,
  String.raw`xox[a-z]-[\w-]{10,}`,
  String.raw`xapp-[\w-]{10,}`,
  String.raw`(?:AKIA|ASIA)[\dA-Z]{12,}`,
  String.raw`AIza[\w-]{20,}`,
  String.raw`ya29\.[\w.-]{8,}`,
  String.raw`ATATT3x[\w=-]{16,}`,
  // A JSON Web Token
  String.raw`eyJ[\w-]{8,1024}(?:\.[\w-]+){1,4}`,
  // SendGrid
  String.raw`SG\.[\w-]{16,64}\.[\w-]{16,}`,
  // A bot of Telegram
  String.raw`\d{8,10}:AA[\w-]{30,}`,
];

/** A token in any of these forms. */
export const TOKEN_FORM = String.raw`(?<![A-Za-z\d])(?:${FORMS.join('|')})`;

/** The hidden part of the address of a webhook of Slack or Discord. */
export const WEBHOOK_PATH = String.raw`(?<=hooks\.slack\.com/(?:services|workflows)/|discord(?:app)?\.com/api/webhooks/)[\w/-]{8,}`;

const KNOWN = new RegExp(`${TOKEN_FORM}|${WEBHOOK_PATH}`, 'gu');

/** Replaces each known token. */
export function maskTokens(text: string, mask: string): string {
  return text.replaceAll(KNOWN, mask);
}

/** Finds each known token. */
export function tokensIn(text: string): string[] {
  return text.match(KNOWN) ?? [];
}
