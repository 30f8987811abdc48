export { type ClientOptions, type NewNote, type Note, type NotesClient, createNotesClient, notesOf, problemName } from "./client.js";
export { keepInSync } from "./keep-in-sync.js";
export type { Members, Patch } from "./members.js";
export { type Changed, Replica, type ReplicaOptions, type Status } from "./replica.js";
export type { Moved } from "./store.js";
export type { NoteView } from "./view.js";
