// Signing in with the pages of an OpenID provider, such as Cognito's hosted ones: the authorization code flow with PKCE
// (RFC 7636). Loaded only where the page has such a provider.
import * as oauth from "oauth4webapi";
import type { Account, Settings } from "./account.js";

type Provider = Required<Pick<Settings, "issuer" | "clientId">>;

/** What stays on this device while the user is signed in. */
interface Session {
  refreshToken?: string;
  subject: string;
  name: string;
}

const SESSION = "notes session";
const REQUEST = "notes sign-in";
const none = oauth.None();
const redirectUri = location.origin + location.pathname;
/** A provider on this machine, to try the page on, has no TLS. */
const insecure = { [oauth.allowInsecureRequests]: ["localhost", "127.0.0.1"].includes(location.hostname) };

async function discover({ issuer }: Provider): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
}

/** Leaves for the provider's page. */
export async function signIn(provider: Provider): Promise<void> {
  const server = await discover(provider);
  if (server.authorization_endpoint === undefined) throw new Error("the provider has no page to sign in on");
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  sessionStorage.setItem(REQUEST, JSON.stringify({ verifier, state }));
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: "openid email",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  }).toString();
  location.assign(url);
}

/** The user who is signed in, or has just come back from the provider's page. */
export async function accountByProvider(provider: Provider): Promise<Account | undefined> {
  const client: oauth.Client = { client_id: provider.clientId };
  let accessToken: string | undefined;
  let validUntil = 0;

  const take = (response: oauth.TokenEndpointResponse) => {
    accessToken = response.access_token;
    // Renewed a minute before its end, so that it is good when it arrives.
    validUntil = Date.now() + ((response.expires_in ?? 300) - 60) * 1000;
  };
  const callback = new URL(location.href);
  if (callback.searchParams.has("code") || callback.searchParams.has("error")) {
    const request = JSON.parse(sessionStorage.getItem(REQUEST) ?? "{}") as { verifier?: string; state?: string };
    sessionStorage.removeItem(REQUEST);
    // The code works once: a reload must not send it again.
    history.replaceState(undefined, "", redirectUri);
    const server = await discover(provider);
    const parameters = oauth.validateAuthResponse(server, client, callback, request.state ?? oauth.expectNoState);
    const response = await oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(
        server,
        client,
        none,
        parameters,
        redirectUri,
        request.verifier ?? "",
        insecure,
      ),
      { requireIdToken: true },
    );
    take(response);
    const claims = oauth.getValidatedIdTokenClaims(response);
    if (claims) save({ subject: claims.sub, name: String(claims["email"] ?? claims.sub), ...renewal(response) });
  }
  const session = load();
  if (!session) return undefined;

  const isSignedIn = () => load()?.subject === session.subject;
  const renewed = async () => {
    const refreshToken = load()?.refreshToken;
    if (refreshToken === undefined || !isSignedIn()) return undefined;
    const server = await discover(provider);
    const request = await oauth.refreshTokenGrantRequest(server, client, none, refreshToken, insecure);
    // A refresh token that is not good any more: the API will ask to sign in again.
    if (request.status === 400) return undefined;
    const response = await oauth.processRefreshTokenResponse(server, client, request);
    // Meanwhile another tab may have signed in somebody else, whose notes these are not.
    if (!isSignedIn()) return undefined;
    take(response);
    save({ ...session, refreshToken, ...renewal(response) });
    return accessToken;
  };
  const token = async () => {
    if (!isSignedIn()) return undefined;
    if (accessToken !== undefined && Date.now() < validUntil) return accessToken;
    // One tab after the other: a provider may take each refresh token only once.
    return navigator.locks.request(SESSION, renewed);
  };
  const signOut = () => localStorage.removeItem(SESSION);
  return { name: session.name, id: session.subject, token, isSignedIn, signOut };
}

function renewal({ refresh_token: refreshToken }: oauth.TokenEndpointResponse): Pick<Session, "refreshToken"> {
  return refreshToken === undefined ? {} : { refreshToken };
}

function save(session: Session): void {
  localStorage.setItem(SESSION, JSON.stringify(session));
}

function load(): Session | undefined {
  const text = localStorage.getItem(SESSION);
  return text === null ? undefined : (JSON.parse(text) as Session);
}
