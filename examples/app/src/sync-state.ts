import { LitElement, type TemplateResult, html } from "lit";
import type { Replica, Status } from "notes-client";

/** Whether the server has everything, always in sight. Pressing it synchronises. */
class SyncState extends LitElement {
  static override properties = { replica: { attribute: false } };
  declare replica: Replica;
  #unsubscribe: (() => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override firstUpdated(): void {
    this.#unsubscribe = this.replica.subscribe(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  protected override render(): TemplateResult {
    const { status } = this.replica;
    const press = async () => {
      if (status.state === "signed-out") this.dispatchEvent(new CustomEvent("sign-in"));
      if (status.refused > 0) await this.replica.retry();
      // The status says what fails.
      await this.replica.sync().catch(() => {});
    };
    // One that is announced and one that is pressed: a button that changes its name is not announced.
    return html`
      <button
        class="sync"
        data-state=${status.state}
        data-pending=${status.pending}
        title=${status.detail ?? "Synchronise now"}
        aria-describedby="sync-state"
        @click=${press}
      >
        ${status.state === "signed-out" ? "Sign in" : "Sync"}
      </button>
      <span id="sync-state" role="status">${textOf(status)}</span>
    `;
  }
}

function textOf({ state, pending, refused, syncedAt }: Status): string {
  const changes = `${pending} ${pending === 1 ? "change" : "changes"}`;
  if (refused > 0) return `${refused} refused by the server`;
  if (state === "signed-out") return pending > 0 ? `Signed out, ${changes} to send` : "Signed out";
  if (state === "error") return "The server has a fault";
  if (pending > 0) return state === "offline" ? `Offline, ${changes} to send` : `${changes} to send`;
  if (state === "offline") return "Offline";
  if (syncedAt === undefined) return "Not synchronised yet";
  return `Synchronised ${new Date(syncedAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}

customElements.define("sync-state", SyncState);
