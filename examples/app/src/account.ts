/** Who the user is, and what proves it to the API. */
export interface Account {
  /** What the user is called on the page. */
  name: string;
  /** Names the copy of the user's notes on this device. */
  id: string;
  token: () => Promise<string | undefined>;
  /** Whether this user is still the one who is signed in on this device: other tabs sign out and in, too. */
  isSignedIn: () => boolean;
  signOut: () => void;
}

/** What index.html says in `#settings`. */
export interface Settings {
  /** Where the API is; by default where the page is. */
  api?: string;
  /** Who signs users in by OpenID Connect, such as `https://cognito-idp.eu-central-1.amazonaws.com/POOL`. */
  issuer?: string;
  /** The client that is registered there, without a secret and for this page as its redirect URI. */
  clientId?: string;
}

export function settings(): Settings {
  return JSON.parse(document.querySelector("#settings")?.textContent || "{}") as Settings;
}

const NAME = "notes user";

/** The user of a development server, where a name is all that it takes. */
export function accountByName(): Account | undefined {
  const name = localStorage.getItem(NAME);
  if (name === null) return undefined;
  return {
    name,
    id: name,
    token: async () => name,
    isSignedIn: () => localStorage.getItem(NAME) === name,
    signOut: () => localStorage.removeItem(NAME),
  };
}

export function signInByName(name: string): void {
  localStorage.setItem(NAME, name);
}
