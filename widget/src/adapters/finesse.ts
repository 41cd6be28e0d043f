import { type Follower, follow, lookupOf } from './follow.js';

interface Dialog {
  getId(): string;
  getFromAddress(): string;
  getToAddress(): string;
}

/** What is used of `finesse.restservices.User`. Source: Finesse Web Services Developer and JavaScript Guide, "User", "Dialogs". */
interface User {
  getExtension(): string;
  getDialogs(handlers: { onCollectionAdd: (dialog: Dialog) => void; onCollectionDelete: (dialog: Dialog) => void }): unknown;
}

export interface FinesseOptions extends Follower {
  user: User;
}

/** For a gadget of a Finesse layout: follows the agent's calls, newest first, and shows nobody when they are over. */
export function followFinesse({ user, ...follower }: FinesseOptions): void {
  const show = follow(follower);
  const calls = new Map<string, string>();
  const showNewest = (): void => show([...calls.values()].at(-1) ?? '');
  user.getDialogs({
    onCollectionAdd: (dialog) => {
      const isOurs = dialog.getFromAddress() === user.getExtension();
      calls.set(dialog.getId(), lookupOf(isOurs ? dialog.getToAddress() : dialog.getFromAddress()));
      showNewest();
    },
    onCollectionDelete: (dialog) => {
      calls.delete(dialog.getId());
      showNewest();
    },
  });
}
