import { type AnyPipeline, buildPipeline, type BuiltPipeline, type DependencyContainer } from '@millrace/core'

/**
 * Pipelines that are built once each, for however many servers. They are held while those start, so that a server that fails to
 * start leaves the plugins to the others.
 */
export class SharedBuilds {
  readonly #container: DependencyContainer
  readonly #builds = new Map<AnyPipeline, BuiltPipeline>()

  constructor(container: DependencyContainer) {
    this.#container = container
  }

  /** @throws {@link InvalidPipelineError} for what is no pipeline; {@link PluginBuildError}. */
  of(pipeline: AnyPipeline): BuiltPipeline {
    const known = this.#builds.get(pipeline)
    if (known) return known
    const built = buildPipeline(pipeline, this.#container)
    built.retain()
    this.#builds.set(pipeline, built)
    return built
  }

  /**
   * Leaves them to the servers: what no server has is disposed of.
   *
   * @throws what disposing of plugins throws, when all have been let go.
   */
  async release(): Promise<void> {
    const results = await Promise.allSettled([...this.#builds.values()].map((built) => built.release()))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
