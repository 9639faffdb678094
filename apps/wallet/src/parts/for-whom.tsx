import { useApp } from './app-context.js';

/** Whose papers these are, where they are not the holder's own. */
export function ForWhom() {
  const { texts, state } = useApp();
  const shown = state.profiles.find(({ id }) => id === state.profileId);
  if (shown === undefined || shown.name === '') return null;
  return (
    <p className="badge">
      {texts.profiles.whose}: <bdi>{shown.name}</bdi>
    </p>
  );
}
