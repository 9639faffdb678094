import { useApp } from './app-context.js';

/** Whose images are shown. Nothing of it is there for whoever has only her own. */
export function ProfileSwitcher(props: { readonly legend?: string }) {
  const { texts, state, session, fail } = useApp();
  if (state.profiles.length < 2) return null;
  return (
    <fieldset className="switcher">
      <legend>{props.legend ?? texts.profiles.whose}</legend>
      {state.profiles.map(({ id, name }) => (
        <label className="pick" key={id}>
          <input
            type="radio"
            name="whose"
            checked={id === state.profileId}
            onChange={() => void session.switchTo(id).catch(fail)}
          />
          <span>
            <bdi>{name === '' ? texts.profiles.you : name}</bdi>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
